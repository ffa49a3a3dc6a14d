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
 * A closed descriptor is noticed when poll(2) says POLLNVAL, or when its number is registered again: a
 * registration is of a file, known by its device and inode, so another file under the same number
 * replaces it (P2). In between, what happens under the number is taken for the old registration's:
 * asking for the file at each event would be a system call more.
 */
#include "backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* ppoll, POLLRDHUP, pipe2 */
#endif

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

#if !defined(POLLRDHUP)
#define POLLRDHUP 0 /* Linux, FreeBSD 14; elsewhere a half-close is seen by reading 0 */
#endif

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

enum { SMALLEST_SET = 64 };

/* A registration. Its pollfd stands at the same place in the other array. */
struct poll_entry {
    mio_token token;
    mio_interest interest;
    uint32_t serial; /* of this registration and of no other; changes with a reregistration */
    dev_t device;    /* the file that was registered */
    ino_t inode;
};

/* What poll(2) is given: the doorbell first, then the registrations. */
struct poll_copy {
    struct pollfd *fds;
    uint32_t *serials; /* of the registrations at the time of copying */
    size_t room;
};

struct poll_selector {
    struct mio_selector base;
    struct mio_doorbell doorbell; /* always there */

    mio_lock lock; /* guards what follows, but for the waiter's own */

    struct pollfd *fds;         /* [0] is the doorbell */
    struct poll_entry *entries; /* [0] is unused */
    size_t count;               /* at least 1 */
    size_t room;
    uint32_t *places; /* by descriptor: its place in the arrays, 0 for none */
    size_t place_room;
    uint32_t last_serial;
    struct poll_copy spare; /* larger than `copy`, for the waiter to take; or empty */
    bool polling;           /* the waiter is in poll(2), or about to be */

    /* --- the waiter's own --- */
    struct poll_copy copy;
    size_t next; /* the place at which the search for events begins */
};

static struct poll_selector *poll_of(struct mio_selector *selector)
{
    return (struct poll_selector *)selector;
}

/* --- memory --- */

static void *resize(const struct mio_allocator *allocator, void *block, size_t room, size_t larger,
                    size_t element)
{
    if (larger > SIZE_MAX / element)
        return NULL;
    void *made = mio_allocate(allocator, larger * element);
    if (!made)
        return NULL;
    if (block)
        memcpy(made, block, room * element);
    mio_release(allocator, block, room * element);
    return made;
}

static void release_copy(const struct mio_allocator *allocator, struct poll_copy *copy)
{
    mio_release(allocator, copy->fds, copy->room * sizeof *copy->fds);
    mio_release(allocator, copy->serials, copy->room * sizeof *copy->serials);
    *copy = (struct poll_copy){NULL, NULL, 0};
}

static int make_copy(const struct mio_allocator *allocator, struct poll_copy *copy, size_t room)
{
    struct poll_copy made = {.room = room};
    made.fds = mio_allocate(allocator, room * sizeof *made.fds);
    made.serials = mio_allocate(allocator, room * sizeof *made.serials);
    if (!made.fds || !made.serials) {
        release_copy(allocator, &made);
        return -ENOMEM;
    }
    release_copy(allocator, copy);
    *copy = made;
    return 0;
}

/* Room for one registration more, in the arrays and in the copy that the waiter will need. */
static int make_room_in_set(struct poll_selector *self)
{
    const struct mio_allocator *allocator = &self->base.config.allocator;
    if (self->count < self->room)
        return 0;
    size_t larger = self->room > 0 ? self->room * 2 : SMALLEST_SET;
    int error = make_copy(allocator, &self->spare, larger);
    if (error < 0)
        return error;
    /* Each array may stay larger than `room` says, after a failure in between: the next attempt
     * makes it again. */
    struct pollfd *fds = mio_allocate(allocator, larger * sizeof *fds);
    struct poll_entry *entries = mio_allocate(allocator, larger * sizeof *entries);
    if (!fds || !entries) {
        mio_release(allocator, fds, larger * sizeof *fds);
        mio_release(allocator, entries, larger * sizeof *entries);
        return -ENOMEM;
    }
    if (self->room > 0) {
        memcpy(fds, self->fds, self->count * sizeof *fds);
        memcpy(entries, self->entries, self->count * sizeof *entries);
    }
    mio_release(allocator, self->fds, self->room * sizeof *fds);
    mio_release(allocator, self->entries, self->room * sizeof *entries);
    self->fds = fds;
    self->entries = entries;
    self->room = larger;
    return 0;
}

static int make_room_for_place(struct poll_selector *self, int fd)
{
    size_t needed = (size_t)fd + 1;
    if (needed <= self->place_room)
        return 0;
    size_t larger = self->place_room * 2 > needed ? self->place_room * 2 : needed;
    if (larger < SMALLEST_SET)
        larger = SMALLEST_SET;
    uint32_t *places = resize(&self->base.config.allocator, self->places, self->place_room, larger,
                              sizeof *places);
    if (!places)
        return -ENOMEM;
    self->places = places;
    self->place_room = larger;
    return 0;
}

static int poll_selector_new(const struct mio_config *config, struct mio_selector **selector)
{
    struct poll_selector *made = mio_allocate(&config->allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->base.config = *config;
    int error = mio_doorbell_open(&made->doorbell, config);
    if (error == 0) {
        error = make_room_in_set(made);
        if (error < 0)
            mio_doorbell_close(&made->doorbell, config);
    }
    if (error < 0) {
        release_copy(&config->allocator, &made->spare);
        mio_release(&config->allocator, made, sizeof *made);
        return error;
    }
    made->base.ops = &mio_poll_ops;
    made->fds[0] = (struct pollfd){.fd = made->doorbell.read_end, .events = POLLIN};
    made->count = 1;
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
    release_copy(&config.allocator, &self->copy);
    release_copy(&config.allocator, &self->spare);
    mio_release(&config.allocator, self->fds, self->room * sizeof *self->fds);
    mio_release(&config.allocator, self->entries, self->room * sizeof *self->entries);
    mio_release(&config.allocator, self->places, self->place_room * sizeof *self->places);
    mio_lock_destroy(&self->lock);
    mio_release(&config.allocator, self, sizeof *self);
}

/* --- the registrations; the lock is held --- */

static short poll_events_of(mio_interest interest)
{
    int events = 0;
    if ((interest & MIO_READABLE) != 0)
        events |= POLLIN | POLLRDHUP;
    if ((interest & MIO_WRITABLE) != 0)
        events |= POLLOUT;
    if ((interest & MIO_PRIORITY) != 0)
        events |= POLLPRI;
    return (short)events;
}

/* 0 when the descriptor is not registered. */
static size_t place_of(const struct poll_selector *self, int fd)
{
    return fd >= 0 && (size_t)fd < self->place_room ? self->places[fd] : 0;
}

static bool is_off(const struct pollfd *entry)
{
    return entry->fd < 0;
}

static void switch_on(struct pollfd *entry)
{
    if (is_off(entry))
        entry->fd = ~entry->fd;
}

static void switch_off(struct pollfd *entry)
{
    if (!is_off(entry))
        entry->fd = ~entry->fd;
}

static int descriptor_of(const struct pollfd *entry)
{
    return is_off(entry) ? ~entry->fd : entry->fd;
}

/* The last registration takes the place of the one that goes. */
static void remove_place(struct poll_selector *self, size_t place)
{
    size_t last = --self->count;
    self->places[descriptor_of(&self->fds[place])] = 0;
    if (place == last)
        return;
    self->fds[place] = self->fds[last];
    self->entries[place] = self->entries[last];
    self->places[descriptor_of(&self->fds[place])] = (uint32_t)place;
}

static void set_entry(struct poll_selector *self, size_t place, mio_token token,
                      mio_interest interest)
{
    self->entries[place].token = token;
    self->entries[place].interest = interest;
    self->entries[place].serial = ++self->last_serial;
    switch_on(&self->fds[place]);
    self->fds[place].events = poll_events_of(interest);
}

static bool is_of_file(const struct poll_entry *entry, const struct stat *status)
{
    return entry->device == status->st_dev && entry->inode == status->st_ino;
}

static int add_entry(struct poll_selector *self, int fd, mio_token token, mio_interest interest,
                     const struct stat *status)
{
    size_t place = place_of(self, fd);
    if (place != 0) {
        if (is_of_file(&self->entries[place], status))
            return -EEXIST;
        remove_place(self, place);
    }
    int error = make_room_in_set(self);
    if (error == 0)
        error = make_room_for_place(self, fd);
    if (error < 0)
        return error;
    place = self->count++;
    self->places[fd] = (uint32_t)place;
    self->fds[place].fd = fd;
    self->entries[place].device = status->st_dev;
    self->entries[place].inode = status->st_ino;
    set_entry(self, place, token, interest);
    return 0;
}

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
    error = add_entry(self, fd, token, interest, &status);
    if (error == 0) {
        error = let_in(self);
        if (error < 0)
            remove_place(self, place_of(self, fd));
    }
    mio_lock_give(&self->lock);
    return error;
}

/* The place of a registration that is still of the file behind the descriptor; else it is dropped.
 */
static size_t place_of_file(struct poll_selector *self, int fd, const struct stat *status)
{
    size_t place = place_of(self, fd);
    if (place == 0 || is_of_file(&self->entries[place], status))
        return place;
    remove_place(self, place);
    return 0;
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
    size_t place = place_of_file(self, fd, &status);
    if (place == 0)
        error = -ENOENT;
    else
        error = let_in(self);
    if (error == 0)
        set_entry(self, place, token, interest);
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
    mio_lock_take(&self->lock);
    size_t place = error < 0 ? place_of(self, fd) : place_of_file(self, fd, &status);
    if (place != 0) {
        remove_place(self, place);
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
    size_t place = place_of(self, fd);
    if (place == 0) {
        error = -ENOENT;
    } else if ((self->entries[place].interest & (MIO_LEVEL | MIO_ONESHOT)) == 0) {
        short events = poll_events_of(interest & self->entries[place].interest);
        switch_on(&self->fds[place]);
        self->fds[place].events = (short)(self->fds[place].events | events);
        error = let_in(self);
    }
    mio_lock_give(&self->lock);
    return error;
}

/* --- waiting --- */

/* The lock is held. The larger copy, if there is one, was allocated by whoever registered. */
static size_t copy_set(struct poll_selector *self)
{
    if (self->spare.room > 0) {
        release_copy(&self->base.config.allocator, &self->copy);
        self->copy = self->spare;
        self->spare = (struct poll_copy){NULL, NULL, 0};
    }
    memcpy(self->copy.fds, self->fds, self->count * sizeof *self->fds);
    for (size_t i = 0; i < self->count; i++)
        self->copy.serials[i] = self->entries[i].serial;
    return self->count;
}

static int poll_copy(struct poll_selector *self, size_t count, int64_t timeout_ns)
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

/* Takes out of a registration what has been reported. */
static void disarm(struct pollfd *armed, mio_interest interest, short reported)
{
    if ((interest & MIO_LEVEL) != 0)
        return;
    armed->events = (short)(armed->events & ~reported);
    if ((interest & MIO_ONESHOT) != 0 || (reported & (POLLHUP | POLLERR)) != 0)
        switch_off(armed);
}

/*
 * What there is to say of a descriptor of which something was found. A hang-up may come while the
 * directions it closes are disarmed; it is news for them too, so they are asked again.
 */
static short all_of(const struct pollfd *found, mio_interest interest)
{
    struct pollfd again = {.fd = found->fd, .events = poll_events_of(interest)};
    if ((found->revents & (POLLHUP | POLLERR | POLLRDHUP)) == 0 || found->events == again.events)
        return found->revents;
    return poll(&again, 1, 0) > 0 ? again.revents : found->revents;
}

/* Hands over what poll(2) found at one place of the copy. Returns the number of records written. */
static int deliver(struct poll_selector *self, size_t i, struct mio_event *list, int room)
{
    const struct pollfd *found = &self->copy.fds[i];
    size_t place = place_of(self, found->fd);
    if (place == 0 || self->entries[place].serial != self->copy.serials[i])
        return 0;
    if ((found->revents & POLLNVAL) != 0) {
        remove_place(self, place);
        return 0;
    }
    const struct poll_entry *entry = &self->entries[place];
    short reported = all_of(found, entry->interest);
    int count = mio_record_poll(list, room, found->fd, entry->token, entry->interest, &reported);
    if (count > 0)
        disarm(&self->fds[place], entry->interest, reported);
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
    size_t copied = copy_set(self);
    self->polling = timeout_ns != 0;
    mio_lock_give(&self->lock);

    int ready = poll_copy(self, copied, timeout_ns);
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

/* The kevent of urgent data is not to be had on all kqueue systems, nor can it tell of a hang-up. */
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
