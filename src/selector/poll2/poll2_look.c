/* SPDX-License-Identifier: MIT */
#include "../backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include "poll2_look.h"

#include "../../os/clock.h"

#include <mio/poll.h>

enum { FIRST_LOOK_NS = MIO_NS_PER_MS, LAST_LOOK_NS = 100 * MIO_NS_PER_MS };

void mio__poll2_look_soon(struct poll_look *look)
{
    *look = (struct poll_look){0, 0};
}

bool mio__poll2_look_begin(struct poll_look *look, const struct poll_set *set, int64_t *timeout_ns)
{
    if (set->looked_at == 0)
        return false;
    int64_t now = mio_now();
    if (now < look->at) {
        if (*timeout_ns < 0 || *timeout_ns > look->at - now)
            *timeout_ns = look->at - now;
        return false;
    }
    int64_t period = look->period == 0 ? FIRST_LOOK_NS : look->period * 2;
    look->period = period < LAST_LOOK_NS ? period : LAST_LOOK_NS;
    look->at = now + look->period;
    *timeout_ns = 0;
    return true;
}

void mio__poll2_look_refresh_quiet(struct poll_set *set, const struct poll_copy *copy,
                                   size_t copied)
{
    static const struct mio__poll2_found nothing = {0, 0};
    for (size_t i = 1; i < copied; i++) {
        const struct pollfd *asked = &copy->fds[i];
        size_t place = mio__poll2_set_find(set, asked->fd);
        if (asked->revents != 0 || place == 0)
            continue;
        struct poll_entry *entry = &set->entries[place];
        if (!entry->is_looked_at || entry->serial != copy->serials[i])
            continue;
        mio__poll2_entry_refresh(entry, &nothing);
        (void)mio__poll2_set_settle(set, place);
    }
}

void mio__poll2_look_at(struct poll_look *look, struct poll_set *set, size_t place, int fd)
{
    struct poll_entry *entry = &set->entries[place];
    struct mio__poll2_found found;
    mio__poll2_look_soon(look); /* for what is left, or if this fails */
    if (!mio__poll2_ask(fd, mio__poll2_events_of(entry->interest), &found))
        return;
    mio__poll2_entry_refresh(entry, &found);
    entry->serial = ++set->last_serial; /* what the waiter has found may be over */
}

#endif
