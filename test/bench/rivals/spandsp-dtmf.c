/*
 * spandsp's dtmf_rx over 8 kHz mu-law from standard input.
 *
 *   listen  writes a line a press: KEY FOUND LENGTH, in samples from the start of the input
 *   speed   writes how many seconds of audio it takes in a second of one core
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spandsp.h>

/* 1 ms: how finely it is known when a press was found. */
enum { PIECE = 8, RATE = 8000 };

static struct { int key; long found; } down;
static long given;

static void release(void)
{
    if (down.key != 0) printf("%c %ld %ld\n", down.key, down.found, given - down.found);
    down.key = 0;
}

static void on_tone(void *data, int code, int level, int delay)
{
    (void) data;
    (void) level;
    (void) delay;
    release();
    down.key = code;
    down.found = given;
}

static int16_t *read_all(size_t *length)
{
    size_t room = 1 << 20;
    int16_t *samples = malloc(room * sizeof *samples);
    uint8_t piece[65536];
    size_t got;
    *length = 0;
    while ((got = fread(piece, 1, sizeof piece, stdin)) > 0) {
        while (*length + got > room) samples = realloc(samples, (room *= 2) * sizeof *samples);
        if (samples == NULL) exit(1);
        for (size_t n = 0; n < got; n++) samples[(*length)++] = ulaw_to_linear(piece[n]);
    }
    return samples;
}

static void listen_to(const int16_t *samples, size_t length)
{
    dtmf_rx_state_t *receiver = dtmf_rx_init(NULL, NULL, NULL);
    dtmf_rx_set_realtime_callback(receiver, on_tone, NULL);
    for (size_t at = 0; at < length; at += PIECE) {
        int piece = length - at < PIECE ? (int) (length - at) : PIECE;
        given = (long) at + piece;
        dtmf_rx(receiver, samples + at, piece);
    }
    release();
}

static void measure(const int16_t *samples, size_t length)
{
    dtmf_rx_state_t *receiver = dtmf_rx_init(NULL, NULL, NULL);
    char keys[MAX_DTMF_DIGITS + 1];
    double seconds = 0;
    clock_t start = clock();
    while (clock() - start < CLOCKS_PER_SEC) {
        for (size_t at = 0; at + 160 <= length; at += 160) dtmf_rx(receiver, samples + at, 160);
        dtmf_rx_get(receiver, keys, MAX_DTMF_DIGITS);
        seconds += (double) length / RATE;
    }
    printf("%.0f\n", seconds * CLOCKS_PER_SEC / (double) (clock() - start));
}

int main(int count, char **arguments)
{
    size_t length;
    int16_t *samples = read_all(&length);
    if (count == 2 && strcmp(arguments[1], "speed") == 0 && length >= 160) measure(samples, length);
    else listen_to(samples, length);
    return 0;
}
