/* SPDX-License-Identifier: MIT */
/*
 * On Linux device and inode tell two files apart if they are sockets or pipes. They do not tell
 * eventfds, timerfds and their kin apart, which share one inode, nor two openings of a FIFO or a
 * terminal. The BSDs and Apple's kernels give 0 and 0 for sockets, and some for pipes too. The
 * others use a pipe's inode number again at once.
 *
 * Registering a socket or a pipe costs one fstat() and no more. On Linux the first of each kind
 * learns the device on which the kernel keeps them, where nothing can be opened by a path. Of any
 * other file it is asked whether it can be watched.
 */
#include "../backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* O_PATH */
#endif
#if !defined(_FILE_OFFSET_BITS) && !defined(__LP64__)
#define _FILE_OFFSET_BITS 64 /* else fstat() of a large file or inode fails on 32 bits */
#endif

#include "poll2_file.h"

#include "../../os/descriptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

#include <stdatomic.h>
#include <sys/vfs.h>

enum {
    PIPES = 0x50495045,
    SOCKETS = 0x534f434b,
    PROCESSES = 0x9fa0,
    SYSTEM = 0x62656572,
    CONTROL_GROUPS = 0x63677270,
    CONTROL_GROUPS_1 = 0x27e0eb,
    TRACING = 0x74726163,
    PROCESS_DESCRIPTORS = 0x50494446
};

/* The device of all pipes and that of all sockets, once they are known. Devices without hardware
 * have small numbers, so that 0 is nobody's. */
static atomic_uint device_of_pipes;
static atomic_uint device_of_sockets;

static bool is_known_device(const struct mio__poll2_file *file)
{
    return file->id.device == atomic_load_explicit(&device_of_pipes, memory_order_relaxed) ||
           file->id.device == atomic_load_explicit(&device_of_sockets, memory_order_relaxed);
}

/* The kind of file system, 0 if it does not say. */
static long kind_of(int fd)
{
    int saved = errno;
    struct statfs status;
    long kind = fstatfs(fd, &status) == 0 ? (long)status.f_type : 0;
    errno = saved;
    return kind;
}

static void learn_device(int fd, struct mio__poll2_file *file)
{
    long kind = kind_of(fd);
    file->is_unique = kind == PIPES || kind == SOCKETS;
    if (file->is_unique && file->id.device <= UINT32_MAX)
        atomic_store_explicit(kind == PIPES ? &device_of_pipes : &device_of_sockets,
                              (unsigned)file->id.device, memory_order_relaxed);
}

static bool is_no_more_than_a_name(int fd)
{
    int saved = errno;
    int flags = fcntl(fd, F_GETFL);
    errno = saved;
    return flags >= 0 && (flags & O_PATH) != 0;
}

/* Regular for fstat(), but made by the kernel as they are read: their change is MIO_PRIORITY. */
static bool is_made_by_the_kernel(int fd)
{
    static const long kinds[] = {PROCESSES,        SYSTEM,  CONTROL_GROUPS,
                                 CONTROL_GROUPS_1, TRACING, PROCESS_DESCRIPTORS};
    long kind = kind_of(fd);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i] == kind)
            return true;
    }
    return false;
}

static int admit(int fd, const struct stat *status, struct mio__poll2_file *file)
{
    bool has_a_type = (status->st_mode & S_IFMT) != 0; /* eventfds and their kin have none */
    file->is_unique = is_known_device(file);
    if (!file->is_unique && (S_ISFIFO(status->st_mode) || S_ISSOCK(status->st_mode)))
        learn_device(fd, file);
    if (file->is_unique || !has_a_type)
        return 0;
    if (is_no_more_than_a_name(fd))
        return -EBADF;
    if (S_ISDIR(status->st_mode) || (S_ISREG(status->st_mode) && !is_made_by_the_kernel(fd)))
        return -EPERM;
    return 0;
}

#else

/* Apple's kernels answer POLLNVAL for devices that poll(2) cannot watch (P7). */
static bool is_served(int fd)
{
    struct pollfd asked = {.fd = fd, .events = POLLIN | POLLOUT};
    int saved = errno;
    bool served = poll(&asked, 1, 0) <= 0 || (asked.revents & POLLNVAL) == 0;
    errno = saved;
    return served;
}

static int admit(int fd, const struct stat *status, struct mio__poll2_file *file)
{
    (void)file;
    if (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode))
        return -EPERM;
    bool is_device = S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode);
    return is_device && !is_served(fd) ? -EPERM : 0;
}

#endif

int mio__poll2_file_admit(int fd, struct mio__poll2_file *file)
{
    struct stat status;
    int saved = errno;
    if (fstat(fd, &status) < 0)
        return mio__failed(saved);
    file->id.device = (uint64_t)status.st_dev;
    file->id.inode = (uint64_t)status.st_ino;
    file->is_unique = false;
    return admit(fd, &status, file);
}

#endif
