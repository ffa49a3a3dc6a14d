/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include "record.h"

#include <poll.h>

#if !defined(POLLRDHUP)
#define POLLRDHUP 0
#endif

#if defined(MIO_RECORD_EPOLL)

_Static_assert((int)MIO_EPOLL_IN == POLLIN && (int)MIO_EPOLL_PRI == POLLPRI &&
                   (int)MIO_EPOLL_OUT == POLLOUT && (int)MIO_EPOLL_ERR == POLLERR &&
                   (int)MIO_EPOLL_HUP == POLLHUP && (int)MIO_EPOLL_RDHUP == POLLRDHUP,
               "epoll's bits are poll's");

void mio__record_wake(struct mio_event *record, mio_token token)
{
    *record = (struct mio_event){.events = MIO_EPOLL_IN, .data = token};
}

void mio__record_timer(struct mio_event *record, mio_token token, unsigned expirations)
{
    *record = (struct mio_event){.events = MIO_EPOLL_TIMER | expirations << 16, .data = token};
}

int mio__record_poll(struct mio_event *list, int room, mio_fd fd, mio_token token,
                     mio_interest *interest, const struct mio__poll2_found *found)
{
    (void)room;
    (void)fd;
    (void)interest;
    unsigned short bits = (unsigned short)(found->reading | found->writing);
    *list = (struct mio_event){.events = bits, .data = token};
    return 1;
}

#elif defined(MIO_RECORD_KEVENT)

void mio__record_wake(struct mio_event *record, mio_token token)
{
    *record = (struct mio_event){.filter = MIO_KEVENT_USER, .udata = (void *)token};
}

void mio__record_timer(struct mio_event *record, mio_token token, unsigned expirations)
{
    *record = (struct mio_event){
        .filter = MIO_KEVENT_TIMER, .data = (intptr_t)expirations, .udata = (void *)token};
}

/* A direction: the filter whose record tells of it, and what poll(2) says about it. */
static const struct direction {
    mio_interest interest;
    int filter;
    short bits;     /* any of them makes a record */
    short eof_bits; /* any of them closes the direction */
} directions[] = {
    {MIO_WRITABLE, MIO_KEVENT_WRITE, POLLOUT | POLLHUP | POLLERR, POLLHUP | POLLERR},
    {MIO_READABLE, MIO_KEVENT_READ, POLLIN | POLLRDHUP | POLLHUP | POLLERR, POLLHUP | POLLRDHUP},
};

int mio__record_poll(struct mio_event *list, int room, mio_fd fd, mio_token token,
                     mio_interest *interest, const struct mio__poll2_found *found)
{
    int count = 0;
    mio_interest due = *interest;
    for (size_t i = 0; i < sizeof directions / sizeof directions[0]; i++) {
        const struct direction *direction = &directions[i];
        bool reads = direction->interest == MIO_READABLE;
        short bits = (short)(direction->bits & (reads ? found->reading : found->writing));
        if ((due & direction->interest) == 0)
            continue;
        if (count == room) {
            *interest &= ~direction->interest;
            continue;
        }
        unsigned flags = (bits & direction->eof_bits) != 0 ? MIO_KEVENT_EOF : 0;
        flags |= (bits & POLLERR) != 0 ? MIO_KEVENT_ERROR : 0;
        struct mio_event record = {.ident = (uintptr_t)fd, .udata = (void *)token};
        record.filter = (__typeof__(record.filter))direction->filter;
        record.flags = (__typeof__(record.flags))flags;
        record.data = -1; /* poll(2) counts nothing */
        list[count++] = record;
    }
    return count;
}

#else

void mio__record_wake(struct mio_event *record, mio_token token)
{
    *record = (struct mio_event){.token = token, .readiness = MIO_READABLE};
}

void mio__record_timer(struct mio_event *record, mio_token token, unsigned expirations)
{
    *record =
        (struct mio_event){.token = token, .readiness = MIO_TIMER, .error = (int32_t)expirations};
}

/* The predicates of poll(2)'s bits. */
static uint32_t readiness_of(short bits)
{
    uint32_t readiness = 0;
    if ((bits & (POLLIN | POLLPRI)) != 0)
        readiness |= MIO_READABLE;
    if ((bits & POLLPRI) != 0)
        readiness |= MIO_PRIORITY;
    if ((bits & POLLOUT) != 0)
        readiness |= MIO_WRITABLE;
    if ((bits & POLLERR) != 0)
        readiness |= MIO_ERROR;
    if ((bits & (POLLHUP | POLLRDHUP)) != 0)
        readiness |= MIO_READ_CLOSED;
    if ((bits & POLLHUP) != 0 || ((bits & POLLOUT) != 0 && (bits & POLLERR) != 0) ||
        bits == POLLERR)
        readiness |= MIO_WRITE_CLOSED;
    return readiness;
}

int mio__record_poll(struct mio_event *list, int room, mio_fd fd, mio_token token,
                     mio_interest *interest, const struct mio__poll2_found *found)
{
    (void)room;
    (void)fd;
    (void)interest;
    short bits = (short)(found->reading | found->writing);
    *list = (struct mio_event){.token = token, .readiness = readiness_of(bits)};
    return 1;
}

#endif
