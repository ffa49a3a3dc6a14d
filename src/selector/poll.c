/* SPDX-License-Identifier: MIT */
/*
 * The poll(2) selector, for systems with nothing better and wherever it is asked for.
 *
 * The model. poll(2) knows no registrations and no edges: each call is given every descriptor and
 * says which are ready, as often as it is asked. So this selector keeps the registrations itself,
 * an array of struct pollfd with an entry beside each, found by descriptor through an index, and
 * makes the edges: what an event has reported is taken out of the mask, and put back by rearm(),
 * which typed sockets call when an operation gives EAGAIN.
 *
 * Hang-ups and errors cannot be masked (P3). A registration that has reported one, and a one-shot
 * one that has fired, is switched off by storing its descriptor complemented, which poll(2) skips;
 * rearm() or a reregistration switches it on.
 *
 * The waiter polls a copy of the array, made under the lock, so that other threads change the array
 * while it sleeps. They then ring the doorbell: the waiter comes back, hands over what is ready and
 * is sent to sleep again, with the new array. An event found in the copy counts only if its
 * registration is still the one that was copied; each has a serial number for that. The doorbell's
 * only meaning is "look again", so it cannot swallow a wake, which stands in the wake queue
 * whatever happens here. Nothing is allocated in a wait: whoever makes the array larger provides
 * for the copy too.
 *
 * With little room the search for events starts behind the last one delivered (P5).
 *
 * A closed descriptor is noticed when poll(2) says POLLNVAL, or when its number is registered
 * again: a registration is of a file, known by its device and inode, so another file under the same
 * number replaces it (P2). In between, what happens under the number is taken for the old
 * registration's: asking for the file at each event would be a system call more.
 */
#include "backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* ppoll, POLLRDHUP, pipe2 */
#endif

#include "poll_set.h"
#include "selector.h"

#include "../doorbell.h"
#include "../error.h"
#include "../memory.h"
#include "../record.h"
#include "../units.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* NetBSD has it from release 10 on. */
#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_NETBSD || \
    MIO_PLATFORM == MIO_PLATFORM_OTHER
enum { HAVE_PPOLL = false };
static int poll_exactly(struct pollfd *fds, nfds_t count, const struct timespec *timeout)
{
    (void)fds;
    (void)count;
    (void)timeout;
    errno = ENOSYS;
    return -1;
}
#else
enum { HAVE_PPOLL = true };
static int poll_exactly(struct pollfd *fds, nfds_t count, const struct timespec *timeout)
{
    return ppoll(fds, count, timeout, NULL);
}
#endif

struct poll_selector {
    struct mio_selector base;
    struct mio_doorbell doorbell; /* always there */

    mio_lock lock;       /* guards `set` and `polling` */
    struct poll_set set; /* the registrations */
    bool polling;        /* the waiter is in poll(2), or about to be */

    /* --- the waiter's own --- */
    struct poll_copy copy;
    size_t next; /* the place at which the search for events begins */
};

static struct poll_selector *poll_of(struct mio_selector *selector)
{
    return (struct poll_selector *)selector;
}

static int poll_selector_new(const struct mio_config *config, struct mio_selector **selector)
{
    struct poll_selector *made = mio_allocate(&config->allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->base.config = *config;
    int error = mio_doorbell_open(&made->doorbell, config);
    if (error == 0) {
        error =
            mio_poll_set_open(&made->set, &made->base.config.allocator, made->doorbell.read_end);
        if (error < 0)
            mio_doorbell_close(&made->doorbell, config);
    }
    if (error < 0) {
        mio_release(&config->allocator, made, sizeof *made);
        return error;
    }
    made->base.ops = &mio_poll_ops;
    made->next = 1;
    mio_lock_init(&made->lock);
    *selector = &made->base;
    return 0;
}

static void poll_selector_free(struct mio_selector *selector)
{
    struct poll_selector *self = poll_of(selector);
    struct mio_config config = selector->config;
    mio_doorbell_close(&self->doorbell, &config);
    mio_poll_set_close(&self->set);
    mio_poll_copy_release(&config.allocator, &self->copy);
    mio_lock_destroy(&self->lock);
    mio_release(&config.allocator, self, sizeof *self);
}

/* --- registering --- */

/* Sends the waiter round, so that what has changed counts for the wait in progress. */
static int let_in(struct poll_selector *self)
{
    return self->polling ? mio_doorbell_ring(&self->doorbell) : 0;
}

static int check_open(int fd, struct stat *status)
{
    int saved = errno;
    return fstat(fd, status) < 0 ? mio_failed(saved) : 0;
}

static int poll_register(struct mio_selector *selector, mio_fd fd, mio_token token,
                         mio_interest interest)
{
    struct poll_selector *self = poll_of(selector);
    struct stat status;
    int error = check_open(fd, &status);
    if (error < 0)
        return error;
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
        return -EPERM;
    mio_lock_take(&self->lock);
    error = mio_poll_set_add(&self->set, fd, token, interest, &status);
    if (error == 0) {
        error = let_in(self);
        if (error < 0)
            mio_poll_set_remove(&self->set, mio_poll_set_find(&self->set, fd));
    }
    mio_lock_give(&self->lock);
    return error;
}

static int poll_reregister(struct mio_selector *selector, mio_fd fd, mio_token token,
                           mio_interest interest, const struct mio_registration *previous)
{
    struct poll_selector *self = poll_of(selector);
    struct stat status;
    int error = check_open(fd, &status);
    if (error < 0)
        return error;
    (void)previous;
    mio_lock_take(&self->lock);
    size_t place = mio_poll_set_find_file(&self->set, fd, &status);
    if (place == 0)
        error = -ENOENT;
    else
        error = let_in(self);
    if (error == 0)
        mio_poll_set_replace(&self->set, place, token, interest);
    mio_lock_give(&self->lock);
    return error;
}

static int poll_deregister(struct mio_selector *selector, mio_fd fd,
                           const struct mio_registration *previous)
{
    struct poll_selector *self = poll_of(selector);
    struct stat status;
    int error = check_open(fd, &status);
    (void)previous;
    if (error < 0 && error != -EBADF)
        return error;
    mio_lock_take(&self->lock);
    size_t place = error < 0 ? mio_poll_set_find(&self->set, fd)
                             : mio_poll_set_find_file(&self->set, fd, &status);
    if (place != 0) {
        mio_poll_set_remove(&self->set, place);
        /* A sleeping poll(2) holds the file, which would not be closed before it returns. */
        (void)let_in(self);
    } else if (error == 0) {
        error = -ENOENT;
    }
    mio_lock_give(&self->lock);
    return error;
}

static int poll_rearm(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    struct poll_selector *self = poll_of(selector);
    int error = 0;
    mio_lock_take(&self->lock);
    size_t place = mio_poll_set_find(&self->set, fd);
    if (place == 0) {
        error = -ENOENT;
    } else if ((self->set.entries[place].interest & (MIO_LEVEL | MIO_ONESHOT)) == 0) {
        short events = mio_poll_events_of(interest & self->set.entries[place].interest);
        mio_poll_switch_on(&self->set.fds[place]);
        self->set.fds[place].events = (short)(self->set.fds[place].events | events);
        error = let_in(self);
    }
    mio_lock_give(&self->lock);
    return error;
}

/* --- waiting --- */

static int poll_the_copy(struct poll_selector *self, size_t count, int64_t timeout_ns)
{
    struct pollfd *fds = self->copy.fds;
    if (HAVE_PPOLL && timeout_ns > 0) {
        int64_t seconds = timeout_ns / MIO_NS_PER_S;
        bool fits = seconds < INT_MAX;
        struct timespec timeout = {.tv_sec = fits ? (time_t)seconds : INT_MAX,
                                   .tv_nsec = fits ? (long)(timeout_ns % MIO_NS_PER_S) : 0};
        return poll_exactly(fds, (nfds_t)count, &timeout);
    }
    if (timeout_ns <= 0)
        return poll(fds, (nfds_t)count, (int)timeout_ns);
    int64_t milliseconds = timeout_ns / MIO_NS_PER_MS + (timeout_ns % MIO_NS_PER_MS != 0);
    return poll(fds, (nfds_t)count, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

/* Takes out of a registration what has been reported, to every direction or to some. */
static void disarm(struct pollfd *armed, mio_interest interest, short reported, bool to_all)
{
    if ((interest & MIO_LEVEL) != 0)
        return;
    armed->events = (short)(armed->events & ~reported);
    bool is_over = to_all && (reported & (POLLHUP | POLLERR)) != 0;
    if ((interest & MIO_ONESHOT) != 0 || is_over)
        mio_poll_switch_off(armed);
}

/* Writes the records of what was found; with little room the directions take turns. */
static int record(struct poll_entry *entry, int fd, struct mio_event *list, int room, short *found)
{
    mio_interest due = entry->interest & ~entry->told;
    mio_interest told = due;
    int count = mio_record_poll(list, room, fd, entry->token, &told, found);
    entry->told = told == due ? 0 : entry->told | (told & MIO_ALL_READINESS);
    return count;
}

/*
 * What there is to say of a descriptor of which something was found. A hang-up may come while the
 * directions it closes are disarmed; it is news for them too, so they are asked again.
 */
static short all_of(const struct pollfd *found, mio_interest interest)
{
    struct pollfd again = {.fd = found->fd, .events = mio_poll_events_of(interest)};
    if ((found->revents & (POLLHUP | POLLERR | POLLRDHUP)) == 0 || found->events == again.events)
        return found->revents;
    int saved = errno;
    int count = poll(&again, 1, 0);
    errno = saved;
    return count > 0 ? again.revents : found->revents;
}

/* Hands over what poll(2) found at one place of the copy. Returns the number of records written. */
static int deliver(struct poll_selector *self, size_t i, struct mio_event *list, int room)
{
    const struct pollfd *found = &self->copy.fds[i];
    size_t place = mio_poll_set_find(&self->set, found->fd);
    if (place == 0 || self->set.entries[place].serial != self->copy.serials[i])
        return 0;
    if ((found->revents & POLLNVAL) != 0) {
        mio_poll_set_remove(&self->set, place);
        return 0;
    }
    struct poll_entry *entry = &self->set.entries[place];
    short all = all_of(found, entry->interest);
    short reported = all;
    int count = record(entry, found->fd, list, room, &reported);
    if (count == 0) { /* nothing for those whose turn it was */
        reported = all;
        count = record(entry, found->fd, list, room, &reported);
    }
    if (count > 0)
        disarm(&self->set.fds[place], entry->interest, reported, entry->told == 0);
    return count;
}

/* The lock is held. Goes once round the copy, from where the last search ended. */
static int deliver_all(struct poll_selector *self, size_t copied, int ready, struct mio_event *list,
                       int room)
{
    int count = 0;
    size_t i = self->next;
    for (size_t seen = 1; seen < copied && ready > 0 && count < room; seen++, i++) {
        if (i >= copied)
            i = 1;
        if (self->copy.fds[i].revents == 0)
            continue;
        ready--;
        count += deliver(self, i, list + count, room - count);
    }
    self->next = i;
    return count;
}

static int poll_select(struct mio_selector *selector, struct mio_event *list, int room,
                       int64_t timeout_ns)
{
    struct poll_selector *self = poll_of(selector);
    int saved = errno;
    mio_lock_take(&self->lock);
    size_t copied = mio_poll_set_copy(&self->set, &self->copy);
    self->polling = timeout_ns != 0;
    mio_lock_give(&self->lock);

    int ready = poll_the_copy(self, copied, timeout_ns);
    /* EAGAIN: short of memory for a moment; the caller asks again. */
    int error = ready < 0 && errno != EAGAIN ? mio_failed(saved) : 0;
    errno = saved;

    int count = 0;
    mio_lock_take(&self->lock);
    self->polling = false;
    if (ready > 0) {
        if (self->copy.fds[0].revents != 0) {
            mio_doorbell_silence(&self->doorbell);
            ready--;
        }
        count = deliver_all(self, copied, ready, list, room);
    }
    mio_lock_give(&self->lock);
    return error < 0 ? error : count;
}

/* --- waking --- */

static int poll_setup_waker(struct mio_selector *selector)
{
    (void)selector;
    return 0;
}

static int poll_wake(struct mio_selector *selector)
{
    return mio_doorbell_ring(&poll_of(selector)->doorbell);
}

/* The doorbell is at a place of its own and makes no records. */
static bool poll_is_wake(const struct mio_selector *selector, const struct mio_event *record)
{
    (void)selector;
    (void)record;
    return false;
}

static int poll_selector_fd(const struct mio_selector *selector)
{
    (void)selector;
    return -ENOTSUP;
}

/* The kevent of urgent data is not to be had on all kqueue systems, nor can it tell of a hang-up.
 */
#if defined(MIO_RECORD_KEVENT)
enum { PRIORITY = 0 };
#else
enum { PRIORITY = MIO_PRIORITY };
#endif

const struct mio_selector_ops mio_poll_ops = {
    .name = "poll",
    .serves = MIO_READABLE | MIO_WRITABLE | PRIORITY | MIO_LEVEL | MIO_ONESHOT,
    .selector_new = poll_selector_new,
    .selector_free = poll_selector_free,
    .select = poll_select,
    .sift = NULL,
    .register_fd = poll_register,
    .reregister_fd = poll_reregister,
    .deregister_fd = poll_deregister,
    .rearm = poll_rearm,
    .apply = NULL,
    .setup_waker = poll_setup_waker,
    .wake = poll_wake,
    .is_wake = poll_is_wake,
    .collect = NULL,
    .selector_fd = poll_selector_fd,
};

#endif
