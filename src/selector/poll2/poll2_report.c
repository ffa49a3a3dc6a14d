/* SPDX-License-Identifier: MIT */
#include "../backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include "poll2_report.h"

#include "../../record/record.h"

/* Which directions of a registration have something that was not told. */
static mio_interest news_of(const struct poll_entry *entry, const struct mio__poll2_found *found)
{
    const struct mio__poll2_found *stands = &entry->stands;
    int reading = found->reading &
                  ((entry->armed & MIO_POLL_READING) | (MIO_POLL_CONDITIONS & ~stands->reading));
    int writing = found->writing &
                  ((entry->armed & ~MIO_POLL_READING) | (MIO_POLL_CONDITIONS & ~stands->writing));
    if (!MIO_RECORDS_BY_DIRECTION)
        return (reading | writing) != 0 ? entry->interest & MIO_ALL_READINESS : 0;
    mio_interest news = reading != 0 ? MIO_READABLE : 0;
    news |= writing != 0 ? MIO_WRITABLE : 0;
    return news & entry->interest;
}

/* From now on it is not news that `found` was so. */
static void note_reported(struct poll_entry *entry, mio_interest told,
                          const struct mio__poll2_found *found)
{
    if ((entry->interest & MIO_ONESHOT) != 0)
        entry->is_spent = true;
    if ((entry->interest & (MIO_LEVEL | MIO_ONESHOT)) != 0)
        return;
    if (!MIO_RECORDS_BY_DIRECTION || (told & MIO_READABLE) != 0) {
        entry->armed = (short)(entry->armed & ~(found->reading & MIO_POLL_READING));
        entry->stands.reading = found->reading & MIO_POLL_CONDITIONS;
    }
    if (!MIO_RECORDS_BY_DIRECTION || (told & MIO_WRITABLE) != 0) {
        entry->armed = (short)(entry->armed & ~(found->writing & ~MIO_POLL_READING));
        entry->stands.writing = found->writing & MIO_POLL_CONDITIONS;
    }
}

int mio__poll2_report(struct poll_entry *entry, int fd, const struct mio__poll2_found *found,
                      struct mio_event *list, int room)
{
    mio_interest news = news_of(entry, found);
    if (news == 0)
        return 0;
    mio_interest due = room > 1 ? news : news & ~entry->turn;
    if (due == 0)
        due = news;
    mio_interest told = due;
    int count = mio__record_poll(list, room, fd, entry->token, &told, found);
    entry->turn = told == news ? 0 : told;
    note_reported(entry, told, found);
    return count;
}

bool mio__poll2_rearm(struct poll_look *look, struct poll_set *set, size_t place, int fd,
                      mio_interest interest)
{
    struct poll_entry *entry = &set->entries[place];
    if ((entry->interest & (MIO_LEVEL | MIO_ONESHOT)) != 0)
        return false;
    bool stands = (entry->stands.reading | entry->stands.writing) != 0;
    bool is_unsure = !MIO_POLL_SHOWS_ERRORS && interest == 0;
    entry->armed = (short)(entry->armed | mio__poll2_events_of(interest & entry->interest));
    if (stands || is_unsure)
        mio__poll2_look_at(look, set, place, fd);
    return mio__poll2_set_settle(set, place) || stands;
}

#endif
