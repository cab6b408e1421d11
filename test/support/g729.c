/* 16-bit samples at 8 kHz from standard input through ITU-T G.729A (libbcg729) and back, to standard output. */
#include <bcg729/decoder.h>
#include <bcg729/encoder.h>
#include <stdint.h>
#include <stdio.h>

#define FRAME 80

int main(void) {
  bcg729EncoderChannelContextStruct *encoder = initBcg729EncoderChannel(0);
  bcg729DecoderChannelContextStruct *decoder = initBcg729DecoderChannel();
  int16_t in[FRAME], out[FRAME];
  uint8_t bits[10], length;
  while (fread(in, sizeof in[0], FRAME, stdin) == FRAME) {
    bcg729Encoder(encoder, in, bits, &length);
    bcg729Decoder(decoder, bits, length, 0, 0, 0, out);
    fwrite(out, sizeof out[0], FRAME, stdout);
  }
  closeBcg729EncoderChannel(encoder);
  closeBcg729DecoderChannel(decoder);
  return 0;
}
