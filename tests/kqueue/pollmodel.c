/* SPDX-License-Identifier: MIT */
/*
 * The poll(2) of six systems, made of Linux's: the linker puts it in the place of poll() and
 * ppoll() in programs of a flavour that choose the selector "poll", and in those of event ports
 * (tests/CMakeLists.txt).
 *
 * Each descriptor is asked of Linux by itself, for everything; what the system would say follows
 * from that, from the kind of file and from what the caller asks for. What is told differs in three
 * ways: the bits, whether a hang-up is told to those who did not ask for its direction, and whether
 * it ends the sleep of those who asked for nothing. The answers are those observed of the systems'
 * own code; where that is silent, those of their sources.
 *
 * Not modelled: POLLHUP and POLLERR in `events`, POLLPRI but for illumos, EOF of the own shutdown.
 */
#define _GNU_SOURCE

#include "pollmodel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask);

enum hang_up {
    NEVER_OF_SOCKETS, /* pipes alone have it */
    BESIDE_OUT,       /* when both directions are closed, and POLLOUT with it */
    NOT_WITH_OUT,     /* the same, and POLLOUT without it */
    BY_FILTER         /* the EV_EOF of each filter that was asked for; no POLLOUT then */
};

struct system {
    enum hang_up hang_up;
    bool tells_unasked; /* a hang-up, to those who ask for nothing */
    bool wakes_unasked; /* and ends their sleep with it */
    bool has_devices;   /* else POLLNVAL */
    bool has_fifo_ends; /* a FIFO tells that the other side is gone */
    bool has_read_hup;  /* POLLHUP of a pipe without writer */
    bool invalid_pipe;  /* POLLNVAL of a pipe without reader that is asked for POLLOUT */
    /* A half-close is POLLRDHUP and urgent data POLLPRI; the error of a socket is told before all
     * else, without its hang-up; and the end of an empty pipe is not readable. */
    bool is_solaris;
};

#if defined(KQMODEL_FREEBSD)
static const struct system system_ = {BESIDE_OUT, true, false, true, true, true, false, false};
#elif defined(KQMODEL_NETBSD)
static const struct system system_ = {
    NEVER_OF_SOCKETS, true, false, true, true, true, false, false};
#elif defined(KQMODEL_OPENBSD)
static const struct system system_ = {NOT_WITH_OUT, true, true, true, true, true, false, false};
#elif defined(POLLMODEL_ILLUMOS)
static const struct system system_ = {NOT_WITH_OUT, true, true, true, true, true, false, true};
#elif defined(KQMODEL_DRAGONFLY)
static const struct system system_ = {NOT_WITH_OUT, false, false, true, true, false, true, false};
#else
static const struct system system_ = {BY_FILTER, false, false, false, false, true, false, false};
#endif

/* --- what Linux knows --- */

enum kind { OTHER, STREAM, DATAGRAM, PIPE, FIFO, DEVICE };

static bool is_nameless(int fd)
{
    char link[64];
    char target[8];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, target, sizeof target) >= 5 && memcmp(target, "pipe:", 5) == 0;
}

static enum kind kind_of(int fd)
{
    struct stat status;
    int type = 0;
    socklen_t size = sizeof type;
    if (fstat(fd, &status) < 0)
        return OTHER;
    if (S_ISCHR(status.st_mode))
        return DEVICE;
    if (S_ISFIFO(status.st_mode))
        return is_nameless(fd) ? PIPE : FIFO;
    if (!S_ISSOCK(status.st_mode) || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return OTHER;
    return type == SOCK_DGRAM ? DATAGRAM : STREAM;
}

static bool is_writing_end(int fd)
{
    return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
}

/* What the kernels' filters know of a descriptor. */
struct state {
    bool readable;
    bool writable;
    bool read_ended;
    bool write_ended;
};

static struct state state_of(int fd, enum kind kind, int linux_bits)
{
    struct state state = {(linux_bits & POLLIN) != 0, (linux_bits & POLLOUT) != 0, false, false};
    bool hung_up = (linux_bits & POLLHUP) != 0;
    bool failed = (linux_bits & POLLERR) != 0;
    if (kind == STREAM || kind == DATAGRAM) {
        state.read_ended = (linux_bits & POLLRDHUP) != 0;
        if (kind == STREAM && hung_up && !state.read_ended)
            return (struct state){false, false, false, false}; /* not connected yet */
        state.write_ended = hung_up;
        state.readable |= state.read_ended || failed;
        state.writable |= state.write_ended || failed;
    } else if (kind == PIPE || (kind == FIFO && system_.has_fifo_ends)) {
        bool writes = is_writing_end(fd);
        state.read_ended = !writes && hung_up;
        state.write_ended = writes && failed;
        state.readable |= state.read_ended && !system_.is_solaris;
        state.writable |= state.write_ended;
    }
    return state;
}

/* --- what the system says --- */

static bool has_hang_up(enum kind kind, struct state state)
{
    if (kind == FIFO && system_.hang_up == NEVER_OF_SOCKETS)
        return false; /* a pair of sockets there */
    if (kind == PIPE || kind == FIFO)
        return state.write_ended || (state.read_ended && system_.has_read_hup);
    return system_.hang_up != NEVER_OF_SOCKETS && state.read_ended && state.write_ended;
}

static int answer_by_filter(struct state state, int events)
{
    int found = 0;
    if ((events & POLLIN) != 0) {
        found |= state.readable ? POLLIN : 0;
        found |= state.read_ended ? POLLIN | POLLHUP : 0;
    }
    if ((events & POLLOUT) != 0)
        found |= state.write_ended ? POLLHUP : 0;
    if ((events & POLLOUT) != 0 && state.writable && (found & POLLHUP) == 0)
        found |= POLLOUT;
    return found;
}

static int answer_of_state(enum kind kind, struct state state, int events)
{
    int found = 0;
    if (system_.hang_up == BY_FILTER)
        return answer_by_filter(state, events);
    if (system_.invalid_pipe && state.write_ended && (kind == PIPE || kind == FIFO))
        return (events & POLLOUT) != 0 ? POLLNVAL : 0;
    if ((events & POLLIN) != 0 && state.readable)
        found |= POLLIN;
    if ((events & POLLOUT) != 0 && state.writable)
        found |= POLLOUT;
    if (has_hang_up(kind, state)) {
        found |= POLLHUP;
        if (system_.hang_up == NOT_WITH_OUT)
            found &= ~POLLOUT;
    }
    return found;
}

/* What illumos and Solaris say beside that, and what they leave out. */
static int answer_of_solaris(enum kind kind, struct state state, int linux_bits, int events)
{
    bool is_socket = kind == STREAM || kind == DATAGRAM;
    bool has_failed = is_socket && (linux_bits & POLLERR) != 0;
    if (has_failed && (events & (POLLIN | POLLOUT)) != 0)
        return events & (POLLIN | POLLOUT);
    int found = answer_of_state(kind, state, events);
    found |= linux_bits & events & POLLPRI;
    if (is_socket && state.read_ended)
        found |= events & POLLRDHUP;
    return found;
}

static int ask_linux(int fd)
{
    struct pollfd asked = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI};
    return __real_poll(&asked, 1, 0) > 0 ? asked.revents : 0;
}

enum { SOLARIS_ALSO = POLLRDHUP | POLLPRI };

/* `has_slept`: the caller is woken by what it sleeps on alone. */
static short answer(int fd, int events, bool has_slept)
{
    events &= POLLIN | POLLOUT | (system_.is_solaris ? SOLARIS_ALSO : 0);
    if (fd < 0 ||
        (events == 0 && (!system_.tells_unasked || (has_slept && !system_.wakes_unasked))))
        return 0;
    int linux_bits = ask_linux(fd);
    if ((linux_bits & POLLNVAL) != 0)
        return POLLNVAL;
    enum kind kind = kind_of(fd);
    if (kind == DEVICE && !system_.has_devices)
        return POLLNVAL;
    struct state state = state_of(fd, kind, linux_bits);
    if (system_.is_solaris)
        return (short)answer_of_solaris(kind, state, linux_bits, events);
    return (short)answer_of_state(kind, state, events);
}

short pollmodel_answer(int fd, int events)
{
    return answer(fd, events, false);
}

__attribute__((weak)) void pollmodel_before_asking(void)
{
}

/* --- the call --- */

enum { FEW = 64, NAP_NS = 1000000, NS_PER_S = 1000000000 };

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static int answer_all(struct pollfd *fds, nfds_t count, bool has_slept)
{
    int ready = 0;
    pollmodel_before_asking();
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = answer(fds[i].fd, fds[i].events, has_slept);
        ready += fds[i].revents != 0;
    }
    return ready;
}

/* What to sleep on. A descriptor of which Linux tells and the system does not is left out; then
 * the sleep is a nap. */
static bool prepare_sleep(const struct pollfd *fds, struct pollfd *sleeping, nfds_t count)
{
    bool is_nap = false;
    for (nfds_t i = 0; i < count; i++) {
        int events = fds[i].events & (POLLIN | POLLOUT | (system_.is_solaris ? SOLARIS_ALSO : 0));
        bool is_asleep = fds[i].fd >= 0 && (events != 0 || system_.wakes_unasked);
        sleeping[i] = (struct pollfd){.fd = is_asleep ? fds[i].fd : -1, .events = (short)events};
    }
    if (__real_poll(sleeping, count, 0) <= 0)
        return false;
    for (nfds_t i = 0; i < count; i++) {
        if (sleeping[i].revents == 0)
            continue;
        sleeping[i].fd = -1;
        is_nap = true;
    }
    return is_nap;
}

/* Returns what poll(2) does for a failure, else 0. */
static int sleep_once(const struct pollfd *fds, nfds_t count, int64_t left_ns)
{
    struct pollfd few[FEW];
    struct pollfd *sleeping = count <= FEW ? few : calloc(count, sizeof *sleeping);
    if (!sleeping)
        return -1;
    if (prepare_sleep(fds, sleeping, count) && (left_ns < 0 || left_ns > NAP_NS))
        left_ns = NAP_NS;
    struct timespec time = {.tv_sec = (time_t)(left_ns / NS_PER_S),
                            .tv_nsec = (long)(left_ns % NS_PER_S)};
    int result = __real_ppoll(sleeping, count, left_ns < 0 ? NULL : &time, NULL);
    int error = errno;
    if (sleeping != few)
        free(sleeping);
    errno = error;
    return result < 0 ? -1 : 0;
}

static int model(struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && count > limit.rlim_cur) {
        errno = EINVAL;
        return -1;
    }
    int saved = errno;
    int64_t begun = timeout_ns > 0 ? now() : 0;
    for (bool has_slept = false;; has_slept = true) {
        int ready = answer_all(fds, count, has_slept);
        int64_t left = timeout_ns > 0 ? begun + timeout_ns - now() : timeout_ns;
        errno = saved;
        if (ready > 0 || timeout_ns == 0 || (timeout_ns > 0 && left <= 0))
            return ready;
        if (sleep_once(fds, count, left) < 0)
            return -1;
    }
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    return model(fds, count, timeout < 0 ? -1 : (int64_t)timeout * 1000000);
}

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask)
{
    (void)mask;
    return model(fds, count, timeout ? (int64_t)timeout->tv_sec * NS_PER_S + timeout->tv_nsec : -1);
}
