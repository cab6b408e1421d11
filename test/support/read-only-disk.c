/*
 * Preloaded into a server, it makes a disk read-only from outside: while the file READ_ONLY_WHILE exists, writes to
 * regular files, and opening one for writing whose path has READ_ONLY_FOLDER in it, fail as they do on a disk that the
 * kernel has taken away.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refused(void) {
  const char *mark = getenv("READ_ONLY_WHILE");
  int before = errno;
  int there = mark != NULL && access(mark, F_OK) == 0;
  errno = there ? EROFS : before;
  return there;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  struct stat file;
  ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && refused()) return -1;
  return real(fd, bytes, count);
}

static int opened(const char *call, const char *path, int flags, mode_t mode) {
  const char *folder = getenv("READ_ONLY_FOLDER");
  int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, call);
  int inside = folder != NULL && strstr(path, folder) != NULL;
  if (inside && (flags & O_ACCMODE) != O_RDONLY && refused()) return -1;
  return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return opened("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return opened("open64", path, flags, mode);
}
