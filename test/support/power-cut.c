/*
 * Preloaded into a server, it makes a kill as bad as a power cut: whenever the server starts, each file of
 * POWER_CUT_FOLDER is first cut back to the length that it had at its last successful fsync or fdatasync. Lengths are
 * noted in POWER_CUT_NOTES, a file for each, named for inode and birth: a rename does not change them. Right for files
 * that are only appended to, as an AOF is. What became of names is not undone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096

static int look(int folder, const char *name, struct statx *file) {
  return statx(folder, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, file) == 0 &&
         S_ISREG(file->stx_mode);
}

static int note_of(const struct statx *file, int flags) {
  const char *notes = getenv("POWER_CUT_NOTES");
  char path[PATH_BYTES];
  if (notes == NULL) return -1;
  snprintf(path, sizeof path, "%s/%llu-%lld-%u", notes, (unsigned long long)file->stx_ino,
           (long long)file->stx_btime.tv_sec, file->stx_btime.tv_nsec);
  return open(path, flags | O_CLOEXEC, 0600);
}

/* The length is taken before the sync: what another thread writes meanwhile is not promised. */
static int synced(const char *call, int fd) {
  struct statx file;
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
  int regular = look(fd, "", &file);
  int result = real(fd);
  int error = errno;
  int note = result == 0 && regular ? note_of(&file, O_WRONLY | O_CREAT) : -1;
  if (note >= 0) {
    unsigned long long length = file.stx_size;
    if (pwrite(note, &length, sizeof length, 0) != sizeof length) abort();
    close(note);
  }
  errno = error;
  return result;
}

int fsync(int fd) { return synced("fsync", fd); }

int fdatasync(int fd) { return synced("fdatasync", fd); }

__attribute__((constructor)) static void cut(void) {
  const char *name = getenv("POWER_CUT_FOLDER");
  DIR *folder = name == NULL ? NULL : opendir(name);
  if (folder == NULL) return;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    struct statx file;
    unsigned long long length = 0;
    if (!look(dirfd(folder), entry->d_name, &file)) continue;
    int note = note_of(&file, O_RDONLY);
    if (note >= 0) {
      if (pread(note, &length, sizeof length, 0) != sizeof length) abort();
      close(note);
    }
    if (file.stx_size <= length) continue;
    int fd = openat(dirfd(folder), entry->d_name, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)length) != 0) abort();
    close(fd);
  }
  closedir(folder);
}
