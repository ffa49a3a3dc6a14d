/* SPDX-License-Identifier: MIT */
/*
 * One call of poll(2): what it is asked, and what it answers. The model is told in
 * poll2.c.
 */
#include "../backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include "poll2.h"
#include "poll2_report.h"

#include "../wait_once.h"

#include "../../os/descriptor.h"

/* --- what was found --- */

/* Where POLLNVAL does not mean that the number is closed, it means that nothing can be written. */
static short without_invalid(short found)
{
    return (found & POLLNVAL) != 0 ? POLLHUP : found;
}

/*
 * What there is to say of a descriptor of which poll(2) has found something. A condition may come
 * while the directions it closes are not asked for; it is news for them too. The end of the peer's
 * sending is news for reading alone.
 */
static struct mio__poll2_found all_of(const struct pollfd *asked, mio_interest interest)
{
    short all = mio__poll2_events_of(interest);
    struct mio__poll2_found found = {.reading = asked->revents, .writing = asked->revents};
    struct mio__poll2_found again;
    if ((asked->revents & (MIO_POLL_CONDITIONS | POLLNVAL)) != 0) {
        bool is_complete = !MIO_RECORDS_BY_DIRECTION && asked->events == all;
        if (!is_complete && mio__poll2_ask(asked->fd, all, &again))
            found = again;
    } else if ((asked->revents & MIO_POLL_HALF_CLOSED) != 0) {
        if (mio__poll2_ask(asked->fd, all & MIO_POLL_READING, &again))
            found.reading = again.reading;
    }
    found.reading = without_invalid(found.reading);
    found.writing = without_invalid(found.writing);
    return found;
}

/* --- delivering --- */

/* A number that is closed, or is no longer the one that was copied, has nothing to tell. */
static size_t index_of(struct poll_selector *self, size_t i)
{
    const struct pollfd *asked = &self->copy.fds[i];
    size_t place = mio__poll2_set_find(&self->set, asked->fd);
    if (place == 0 || self->set.entries[place].serial != self->copy.serials[i])
        return 0;
    if ((asked->revents & POLLNVAL) == 0)
        return place;
    bool is_open = MIO_POLL_MISTAKES_OPEN && mio__fd_is_open(asked->fd);
    if (is_open)
        return place;
    mio__poll2_set_remove(&self->set, place);
    return 0;
}

/* Hands over what poll(2) found at one place of the copy. Returns the number of records written. */
static int deliver(struct poll_selector *self, size_t i, struct mio_event *list, int room)
{
    size_t place = index_of(self, i);
    if (place == 0)
        return 0;
    const struct pollfd *asked = &self->copy.fds[i];
    struct poll_entry *entry = &self->set.entries[place];
    struct mio__poll2_found found = all_of(asked, entry->interest);
    if (self->is_look && entry->is_looked_at)
        mio__poll2_entry_refresh(entry, &found);
    int count = mio__poll2_report(entry, asked->fd, &found, list, room);
    (void)mio__poll2_set_settle(&self->set, place);
    if (count > 0 && entry->is_looked_at)
        mio__poll2_look_soon(&self->look);
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

/* --- the call --- */

/* Copies what poll(2) is to be asked. Returns the number of descriptors. */
static size_t begin_call(struct poll_selector *self, int64_t *timeout_ns)
{
    mio__lock_take(&self->lock);
    size_t copied = mio__poll2_set_copy(&self->set, &self->copy);
    self->is_look = mio__poll2_look_begin(&self->look, &self->set, timeout_ns);
    if (self->is_look)
        mio__poll2_set_copy_looks(&self->set, &self->copy);
    self->may_sleep = *timeout_ns != 0;
    self->is_polling = true;
    self->waiter = pthread_self();
    mio__lock_give(&self->lock);
    return copied;
}

/* Hands over what poll(2) has found, `ready` descriptors or an error (below 0). */
static int end_call(struct poll_selector *self, size_t copied, int ready, struct mio_event *list,
                    int room)
{
    int count = 0;
    mio__lock_take(&self->lock);
    self->is_polling = false;
    self->may_sleep = false;
    self->round++;
    (void)pthread_cond_broadcast(&self->returned);
    if (ready > 0 && self->copy.fds[0].revents != 0) {
        mio__doorbell_drain(&self->doorbell);
        ready--;
    }
    if (self->is_look && ready >= 0)
        mio__poll2_look_refresh_quiet(&self->set, &self->copy, copied);
    if (ready > 0)
        count = deliver_all(self, copied, ready, list, room);
    if (self->is_look && count == room)
        mio__poll2_look_soon(&self->look); /* what found no room comes with the next wait */
    mio__lock_give(&self->lock);
    return count;
}

int mio__poll2_select(struct mio_selector *selector, struct mio_event *list, int room,
                      int64_t timeout_ns)
{
    struct poll_selector *self = poll_of(selector);
    int saved = errno;
    size_t copied = begin_call(self, &timeout_ns);
    int ready = mio__poll2_call(self->copy.fds, copied, timeout_ns);
    /* EAGAIN: short of memory for a moment; the caller asks again. */
    int error = ready < 0 && errno != EAGAIN ? mio__failed(saved) : 0;
    errno = saved;
    int count = end_call(self, copied, ready, list, room);
    return error < 0 ? error : count;
}

int mio__poll2_wait_once(struct mio_selector *selector, struct mio_events *events,
                         int64_t timeout_ns)
{
    return mio__wait_once(selector, events, timeout_ns, mio__poll2_select, NULL);
}

#endif
