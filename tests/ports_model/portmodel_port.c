/* SPDX-License-Identifier: MIT */
/*
 * The ports, the lock, and sleeping.
 *
 * A port is one Linux epoll descriptor and a piece of memory that parent and child share after a
 * fork, as they share the kernel's port. The descriptors that are associated are in the epoll set
 * with EPOLLET: that tells when to look at them again, and no more. Besides them each set holds
 * one eventfd of the whole process, `always_ready`, made before main() and armed only while the
 * port has events queued. So a port costs one descriptor, reads as ready to poll(2) and to an
 * outer port when it should, and wakes its sleepers, who wait with ppoll(2) on the descriptor
 * itself.
 *
 * One mutex guards the model. It is in shared memory too, is held with all signals blocked, and
 * never while sleeping: ppoll() lets the signals in again, atomically, which is also what makes a
 * signal that came just before the sleep end it with EINTR.
 */
#define _GNU_SOURCE

#include "portmodel_inner.h"

#include "open_descriptors.h"
#include "portmodel_wraps.h"
#include "same_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

enum {
    HIDDEN_DESCRIPTOR = 501, /* out of the way of tests that count on low numbers */
    BELL = -1,
    NAP_NS = 1000000
};

static pthread_mutex_t *lock; /* shared with children */
static int always_ready = -1;
static struct handle handles[MAX_PORTS];
static struct handle *handles_end = handles; /* none above was ever used */
static struct handle *handle_by_fd[MAX_DESCRIPTORS];

static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        model_abort("no memory to share");
    return memory;
}

__attribute__((constructor)) static void share_lock(void)
{
    pthread_mutexattr_t attributes;
    lock = share(sizeof *lock);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (pthread_mutex_init(lock, &attributes) != 0) { /* an emulator has no list of robust ones */
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_STALLED);
        if (pthread_mutex_init(lock, &attributes) != 0)
            model_abort("no lock to share");
    }
    pthread_mutexattr_destroy(&attributes);
    int fd = eventfd(1, EFD_CLOEXEC);
    always_ready = fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_DESCRIPTOR);
    if (always_ready < 0)
        always_ready = fd;
    else
        __real_close(fd);
}

void model_lock(sigset_t *mask)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, mask);
    if (pthread_mutex_lock(lock) == EOWNERDEAD)
        pthread_mutex_consistent(lock); /* a child was killed with it */
}

void model_unlock(const sigset_t *mask)
{
    pthread_mutex_unlock(lock);
    pthread_sigmask(SIG_SETMASK, mask, NULL);
}

void model_abort(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("model of event ports: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

int64_t model_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* --- numbers --- */

struct handle *each_handle(struct handle *handle)
{
    handle = handle ? handle + 1 : handles;
    while (handle < handles_end && !handle->port)
        handle++;
    return handle < handles_end ? handle : NULL;
}

/* A number that dup() or fcntl() made is met here for the first time. */
static struct handle *adopt_duplicate(int fd)
{
    if (!each_handle(NULL) || !is_epoll(fd))
        return NULL;
    for (struct handle *handle = each_handle(NULL); handle; handle = each_handle(handle)) {
        if (same_file(fd, handle->fd)) {
            handle_number_added(handle, fd);
            return handle;
        }
    }
    return NULL;
}

struct handle *handle_of(int fd)
{
    if (fd < 0 || fd >= MAX_DESCRIPTORS)
        return NULL;
    int saved = errno;
    struct handle *handle = handle_by_fd[fd];
    if (!handle)
        handle = adopt_duplicate(fd);
    errno = saved;
    return handle;
}

void handle_number_added(struct handle *handle, int fd)
{
    if (fd >= MAX_DESCRIPTORS)
        model_abort("descriptor %d is above what the model has room for", fd);
    handle_by_fd[fd] = handle;
    handle->numbers++;
}

/* The last number that is known closes: is there one that is not? */
static int find_duplicate(const struct handle *handle, int fd)
{
    struct open_descriptors open;
    open_descriptors_look(&open);
    for (int i = 0; i < open.count; i++) {
        int other = open.numbers[i];
        if (other != fd && !handle_by_fd[other] && same_file(other, handle->fd))
            return other;
    }
    return -1;
}

/* --- making and closing --- */

static struct handle *find_free(void)
{
    for (struct handle *handle = handles; handle < handles + MAX_PORTS; handle++) {
        if (handle->port)
            continue;
        if (handle == handles_end)
            handles_end++;
        return handle;
    }
    model_abort("more than %d ports", MAX_PORTS);
}

int handle_create(void)
{
    struct epoll_event event = {.events = 0, .data.fd = BELL};
    int fd = epoll_create1(0); /* the kernel's is inherited by exec, too */
    if (fd < 0)
        return -1;
    struct handle *handle = find_free();
    *handle = (struct handle){.port = share(sizeof *handle->port), .fd = fd};
    handle->port->creator = getpid();
    handle->port->max_events = max_events_ordered();
    queue_init(handle->port);
    handle_number_added(handle, fd);
    if (epoll_ctl(fd, EPOLL_CTL_ADD, always_ready, &event) < 0)
        model_abort("no bell: errno %d", errno);
    return fd;
}

static void destroy(struct handle *handle)
{
    const struct timespec nap = {0, NAP_NS};
    handle->is_closing = true;
    handle_settle_bell(handle);
    while (handle->sleepers > 0) {
        pthread_mutex_unlock(lock);
        nanosleep(&nap, NULL);
        sigset_t blocked;
        model_lock(&blocked);
    }
    associations_drop_own(handle);
    if (handle->port->is_alert && handle->port->alert_owner == getpid())
        handle->port->is_alert = false;
    munmap(handle->port, sizeof *handle->port);
    *handle = (struct handle){.port = NULL};
}

void handle_number_closes(int fd)
{
    struct handle *handle = handle_of(fd);
    if (!handle)
        return;
    if (handle->numbers == 1) {
        int other = find_duplicate(handle, fd);
        if (other >= 0)
            handle_number_added(handle, other);
    }
    handle->numbers--;
    if (handle->numbers == 0)
        destroy(handle);
    handle_by_fd[fd] = NULL;
    if (handle->numbers == 0)
        return;
    for (int other = 0; handle->fd == fd && other < MAX_DESCRIPTORS; other++) {
        if (handle_by_fd[other] == handle)
            handle->fd = other;
    }
}

void handles_after_fork(void)
{
    for (struct handle *handle = each_handle(NULL); handle; handle = each_handle(handle))
        handle->sleepers = 0;
}

/* --- sleeping --- */

void handle_settle_bell(struct handle *handle)
{
    bool is_awaited = handle->sleepers > 0 && (handle->is_closing || handle->port->is_alert);
    bool is_due = handle->port->queued > 0 || is_awaited;
    if (is_due == handle->port->bell_is_armed)
        return;
    struct epoll_event event = {.events = is_due ? EPOLLIN : 0, .data.fd = BELL};
    handle->port->bell_is_armed = is_due;
    (void)epoll_ctl(handle->fd, EPOLL_CTL_MOD, always_ready, &event);
}

bool handle_sleep(struct handle *handle, bool only_a_nap, int64_t until, const sigset_t *mask)
{
    struct pollfd asked = {.fd = handle->fd, .events = POLLIN};
    int64_t left = until < 0 ? -1 : until - model_now();
    if (until >= 0 && left < 0)
        left = 0;
    if (only_a_nap && (left < 0 || left > NAP_NS))
        left = NAP_NS;
    struct timespec timeout = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
    sigset_t ignored;
    handle->sleepers++;
    pthread_mutex_unlock(lock);
    /* A nap waits for time alone: the descriptor is readable. */
    int result = __real_ppoll(&asked, only_a_nap ? 0 : 1, left < 0 ? NULL : &timeout, mask);
    bool was_interrupted = result < 0 && errno == EINTR;
    model_lock(&ignored);
    handle->sleepers--;
    return !was_interrupted;
}
