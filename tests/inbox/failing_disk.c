/* Lets writes, or flushes, fail once the file that FAILING_DISK names says `write` or `fsync`. Loaded before libc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ordered(const char *fault) {
    const char *path = getenv("FAILING_DISK");
    int order = path ? open(path, O_RDONLY) : -1;
    char text[16] = {0};
    if (order < 0) return 0;
    ssize_t length = read(order, text, sizeof text - 1);
    close(order);
    return length > 0 && strcmp(text, fault) == 0;
}

static int flush(long number, int fd) {
    if (ordered("fsync")) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(number, fd);
}

int fsync(int fd) { return flush(SYS_fsync, fd); }
int fdatasync(int fd) { return flush(SYS_fdatasync, fd); }

static ssize_t place(int fd, const void *from, size_t length, off64_t at) {
    if (ordered("write")) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, from, length, at);
}

ssize_t pwrite(int fd, const void *from, size_t length, off_t at) { return place(fd, from, length, at); }
ssize_t pwrite64(int fd, const void *from, size_t length, off64_t at) { return place(fd, from, length, at); }
