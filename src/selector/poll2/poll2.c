/* SPDX-License-Identifier: MIT */
/*
 * The poll(2) selector, for systems with nothing better and wherever it is asked for.
 *
 * The model. poll(2) knows no registrations and no edges. Each call is given every descriptor and
 * says which are ready, as often as it is asked. So this selector keeps the registrations itself
 * (poll2_set.h) and makes the edges. An entry's `armed` holds the bits whose coming is news. What
 * an event has reported is taken out of it, and rearm() puts it back: typed sockets call that when
 * an operation gives EAGAIN.
 *
 * Conditions are hang-ups and errors. They cannot be masked (P3), and last for as long as the peer
 * is gone or nobody takes the error. One that was told `stands`. It is no news, and would make
 * every poll(2) return at once. So the registration is muted: its descriptor is stored
 * complemented, which poll(2) skips. But a condition may end: an error is taken, a FIFO gets
 * another writer, and then the next data is an event. So there are looks at what is muted, each of
 * which asks for the whole interest without sleeping. What is not ready then is armed. What has
 * gone does not stand any more. What is left is compared with what was told: news is an event, the
 * rest is not. There is a look
 *
 *   - with EAGAIN, and when a call of the library has failed, has met an end or has asked for the
 *     error: each may have ended the condition (rearm());
 *   - from the waiter, for programs that make their own system calls, and for FIFOs: in the wait
 *     after an event, then after 1 ms, 2 ms, and so on up to 100 ms, for as long as there is
 *     something to look at.
 *
 * So what comes while a condition stands is told up to 100 ms late, and a poll in which one stands
 * wakes ten times a second. An error that comes between a program's EAGAIN and the look after it is
 * taken for the one that stood before: poll(2) cannot tell them apart.
 *
 * Systems differ in what they tell unasked (poll2_call.h). Where they tell nothing, a condition is
 * muted by not asking for its direction, and a registration that has nothing left to ask for is
 * looked at.
 *
 * The waiter (poll2_wait.c) gives poll(2) a copy of the array, made under the lock, so that other
 * threads can change the array while it sleeps. They ring the doorbell then. The waiter comes back,
 * delivers what is ready, and sleeps again with the new array. What is found in the copy counts
 * only if the registration is still the one that was copied, which its serial number tells. The
 * doorbell means "look again" and nothing else. So it cannot lose a wake, which is in the wake
 * queue whatever happens here. A wait allocates nothing: whoever makes the array larger makes the
 * copy larger too.
 *
 * On Linux a poll(2) in progress holds its files: a descriptor that is closed meanwhile is closed
 * for its peer only when that call returns. So deregistering waits until it has returned, for as
 * long as the doorbell takes to wake the waiter.
 *
 * With little room the search for events starts after the last one delivered (P5).
 *
 * A closed descriptor is noticed when poll(2) says POLLNVAL, or when its number is registered
 * again: another file under the number replaces the registration (P2), and so does a file that
 * nothing tells from the old one (poll2_file.c). In between, what happens under the number is taken
 * for the old registration's. Asking for the file at each event would be one more system call.
 */
#include "../backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include "poll2.h"
#include "poll2_report.h"

#include "../../os/memory.h"

static int poll_selector_new(const struct mio__config *config, struct mio_selector **selector)
{
    struct poll_selector *made = mio__allocate(&config->allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->base.config = *config;
    int error = mio__doorbell_open(&made->doorbell);
    if (error == 0) {
        error =
            mio__poll2_set_open(&made->set, &made->base.config.allocator, made->doorbell.read_end);
        if (error < 0)
            mio__doorbell_close(&made->doorbell, config);
    }
    if (error < 0) {
        mio__release(&config->allocator, made, sizeof *made);
        return error;
    }
    made->base.ops = &mio__poll2_ops;
    made->next = 1;
    mio__lock_init(&made->lock);
    (void)pthread_cond_init(&made->returned, NULL);
    *selector = &made->base;
    return 0;
}

static void poll_selector_free(struct mio_selector *selector)
{
    struct poll_selector *self = poll_of(selector);
    struct mio__config config = selector->config;
    mio__doorbell_close(&self->doorbell, &config);
    mio__poll2_set_close(&self->set);
    mio__poll2_copy_release(&config.allocator, &self->copy);
    /* A child's copy may count threads of the parent as waiting, and would wait for them. */
    if (!mio__is_forked_child(&selector->fork_guard)) {
        (void)pthread_cond_destroy(&self->returned);
        mio__lock_destroy(&self->lock);
    }
    mio__release(&config.allocator, self, sizeof *self);
}

/* --- registering --- */

/* Sends the waiter round, so that what has changed counts for the wait in progress. */
static int let_in(struct poll_selector *self)
{
    return self->may_sleep ? mio__doorbell_ring(&self->doorbell) : 0;
}

/* Waits until a poll(2) in progress has let go of its files; not for oneself. */
static void await_return(struct poll_selector *self)
{
    uint32_t round = self->round;
    bool has_to_wait = self->is_polling && !pthread_equal(self->waiter, pthread_self());
    if (let_in(self) < 0 || !has_to_wait)
        return;
    while (self->is_polling && self->round == round)
        (void)pthread_cond_wait(&self->returned, &self->lock);
}

static int poll_register(struct mio_selector *selector, const struct mio__registration *wanted)
{
    struct poll_selector *self = poll_of(selector);
    struct mio__poll2_file file;
    int error = mio__poll2_file_admit(wanted->fd, &file);
    if (error < 0)
        return error;
    mio__lock_take(&self->lock);
    error = mio__poll2_set_add(&self->set, wanted->fd, wanted->token, wanted->interest, &file);
    if (error == 0) {
        error = let_in(self);
        if (error < 0)
            mio__poll2_set_remove(&self->set, mio__poll2_set_find(&self->set, wanted->fd));
    }
    mio__lock_give(&self->lock);
    return error;
}

static int poll_reregister(struct mio_selector *selector, const struct mio__registration *wanted,
                           const struct mio__registration *previous)
{
    struct poll_selector *self = poll_of(selector);
    struct mio__file_id file = {0};
    int error = mio__file_id_of(wanted->fd, &file);
    if (error < 0)
        return error;
    (void)previous;
    mio__lock_take(&self->lock);
    size_t place = mio__poll2_set_find_file(&self->set, wanted->fd, file);
    if (place == 0)
        error = -ENOENT;
    else
        error = let_in(self);
    if (error == 0)
        mio__poll2_set_replace(&self->set, place, wanted->token, wanted->interest);
    mio__lock_give(&self->lock);
    return error;
}

static int poll_deregister(struct mio_selector *selector, mio_fd fd,
                           const struct mio__registration *previous)
{
    struct poll_selector *self = poll_of(selector);
    struct mio__file_id file = {0};
    int error = mio__file_id_of(fd, &file);
    (void)previous;
    if (error < 0 && error != -EBADF)
        return error;
    mio__lock_take(&self->lock);
    size_t place = error < 0 ? mio__poll2_set_find(&self->set, fd)
                             : mio__poll2_set_find_file(&self->set, fd, file);
    if (place != 0) {
        mio__poll2_set_remove(&self->set, place);
        await_return(self);
    } else if (error == 0) {
        error = -ENOENT;
    }
    mio__lock_give(&self->lock);
    return error;
}

/* --- draining --- */

/* `interest`: what was drained, or 0 when a condition may have ended. */
static int poll_rearm(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    struct poll_selector *self = poll_of(selector);
    int error = 0;
    mio__lock_take(&self->lock);
    size_t place = mio__poll2_set_find(&self->set, fd);
    if (place == 0) {
        error = -ENOENT;
    } else if (mio__poll2_rearm(&self->look, &self->set, place, fd, interest)) {
        error = let_in(self);
    }
    mio__lock_give(&self->lock);
    return error;
}

/* --- waking --- */

static int poll_arm_doorbell(struct mio_selector *selector)
{
    (void)selector;
    return 0;
}

static int poll_ring(struct mio_selector *selector)
{
    return mio__doorbell_ring(&poll_of(selector)->doorbell);
}

/* The doorbell is at a place of its own and makes no records. */
static bool poll_is_doorbell(const struct mio_selector *selector, const struct mio_event *record)
{
    (void)selector;
    (void)record;
    return false;
}

static int poll_selector_fd(struct mio_selector *selector)
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

/* Where errors are readiness, and where nothing is told of a half-close, they cannot be watched
 * alone. */
enum {
    ERRORS = MIO_POLL_SHOWS_ERRORS ? MIO_ERROR : 0,
    READ_CLOSED = MIO_POLL_HALF_CLOSED != 0 ? MIO_READ_CLOSED : 0
};

const struct mio__selector_ops mio__poll2_ops = {
    .name = "poll",
    .serves =
        MIO_READABLE | MIO_WRITABLE | PRIORITY | READ_CLOSED | ERRORS | MIO_LEVEL | MIO_ONESHOT,
    .traits = MIO_TRAIT_MAKES_EDGES,
    .selector_new = poll_selector_new,
    .selector_free = poll_selector_free,
    .select = mio__poll2_select,
    .wait = mio__poll2_wait_once,
    .filter = NULL,
    .register_fd = poll_register,
    .reregister_fd = poll_reregister,
    .deregister_fd = poll_deregister,
    .rearm = poll_rearm,
    .apply = NULL,
    .arm_doorbell = poll_arm_doorbell,
    .ring = poll_ring,
    .is_doorbell = poll_is_doorbell,
    .selector_fd = poll_selector_fd,
};

#endif
