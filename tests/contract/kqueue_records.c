/* SPDX-License-Identifier: MIT */
/* What a kevent says by itself, also one that no registration of the portable interface gives. */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

#include <errno.h>
#include <mio/kqueue.h>
#include <string.h>

enum { IDENT = 42, NO_AMOUNT = -1, TEXT_SIZE = 256, NOBODYS_FILTER = 77, BITS = 0x7 };

#if defined(EVFILT_EXCEPT) && defined(NOTE_OOB)
enum { URGENT_FILTER = EVFILT_EXCEPT, URGENT = NOTE_OOB };
#else
enum { URGENT_FILTER = NOBODYS_FILTER, URGENT = 0 };
#endif
enum { PRIORITY = URGENT != 0 ? MIO_READABLE | MIO_PRIORITY : 0 };

static const struct {
    int filter;
    uint32_t flags;
    uint32_t fflags;
    int64_t data;
    uint32_t readiness;
    int error;
    int64_t amount;
} rows[] = {
    {EVFILT_READ, 0, 0, 5, MIO_READABLE, 0, 5},
    {EVFILT_READ, EV_EOF, 0, 0, MIO_READABLE | MIO_READ_CLOSED, 0, 0},
    {EVFILT_READ, EV_EOF, ECONNRESET, 0, MIO_READABLE | MIO_READ_CLOSED | MIO_ERROR, -ECONNRESET,
     0},
    {EVFILT_WRITE, EV_EOF, EPIPE, 9, MIO_WRITABLE | MIO_WRITE_CLOSED | MIO_ERROR, -EPIPE, 9},
    /* A count below 0 is none. */
    {EVFILT_WRITE, 0, 0, -2, MIO_WRITABLE, 0, NO_AMOUNT},
    /* A change that the kernel refused. */
    {EVFILT_WRITE, EV_ERROR, 0, ENOMEM, MIO_WRITABLE | MIO_ERROR, -ENOMEM, ENOMEM},
    /* An error that has no value: poll(2) tells none. */
    {EVFILT_READ, EV_ERROR, 0, -1, MIO_READABLE | MIO_ERROR, 0, NO_AMOUNT},
    /* Of another filter the fflags are no errno value, and data no count. */
    {EVFILT_VNODE, EV_EOF, BITS, 3, 0, 0, NO_AMOUNT},
    {EVFILT_TIMER, 0, 0, 3, MIO_TIMER, 0, NO_AMOUNT},
    {URGENT_FILTER, 0, URGENT, 0, PRIORITY, 0, NO_AMOUNT},
    {URGENT_FILTER, 0, 0, 0, 0, 0, NO_AMOUNT},
    /* The end of the connection, with an errno value that has the bit of urgent data. */
    {URGENT_FILTER, EV_EOF, BITS, 0, 0, 0, NO_AMOUNT},
};

/* Types of members differ from system to system. */
static struct mio_event make_record(int filter, uint32_t flags, uint32_t fflags, int64_t data,
                                    mio_token token)
{
    struct mio_event event = {.ident = IDENT, .fflags = fflags, .udata = (void *)token};
    event.filter = (__typeof__(event.filter))filter;
    event.flags = (__typeof__(event.flags))flags;
    event.data = (__typeof__(event.data))data;
    return event;
}

TEST(kqueue1_predicates_of_any_record)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mio_event event =
            make_record(rows[i].filter, rows[i].flags, rows[i].fflags, rows[i].data, i);
        bool same = CHECK_EQ(mio_event_readiness(&event), rows[i].readiness);
        same &= CHECK_EQ(mio_event_error(&event), rows[i].error);
        same &= CHECK_EQ(mio_event_amount(&event), rows[i].amount);
        CHECK_EQ(mio_event_token(&event), i);
        CHECK_EQ(mio_kqueue_event_ident(&event), IDENT);
        CHECK_EQ(mio_kqueue_event_filter(&event), rows[i].filter);
        CHECK_EQ(mio_kqueue_event_flags(&event), rows[i].flags);
        CHECK_EQ(mio_kqueue_event_fflags(&event), rows[i].fflags);
        CHECK_EQ(mio_kqueue_event_data(&event), rows[i].data);
        if (!same)
            printf("  in row %zu\n", i);
    }
}

/* --- by name --- */

static const struct {
    int filter;
    uint32_t flags;
    uint32_t fflags;
    const char *text;
} printed[] = {
    {EVFILT_READ, EV_EOF, ECONNRESET, "EVFILT_READ, flags: EV_EOF, fflags: errno 104,"},
    {EVFILT_WRITE, EV_ERROR, 0, "EVFILT_WRITE, flags: EV_ERROR, fflags: (empty),"},
    {EVFILT_VNODE, 0, NOTE_DELETE, "EVFILT_VNODE, flags: (empty), fflags: NOTE_DELETE,"},
    {EVFILT_SIGNAL, 0, 1, "EVFILT_SIGNAL, flags: (empty), fflags: 0x1,"},
    {NOBODYS_FILTER, 0, 0, "77, flags: (empty), fflags: (empty),"},
};

TEST(kqueue1_any_record_prints)
{
    for (size_t i = 0; i < sizeof printed / sizeof printed[0]; i++) {
        char text[TEXT_SIZE];
        char wanted[TEXT_SIZE];
        struct mio_event event =
            make_record(printed[i].filter, printed[i].flags, printed[i].fflags, 0, 0);
        snprintf(wanted, sizeof wanted, "kevent { ident: 42, filter: %s data: 0, udata: 0x0 }",
                 printed[i].text);
        CHECK_EQ(mio_event_format(&event, text, sizeof text), strlen(wanted));
        CHECK_STR(text, wanted);
    }
}

/* --- the other selector of these systems --- */

TEST(kqueue1_the_raw_door_is_a_kqueue_s)
{
    struct mio_options options = {.backend = "poll"};
    struct loop loop = loop_open_with(&options, 4);

    CHECK_EQ(mio_kqueue_register(loop.registry, 1, EVFILT_TIMER, EV_ADD, 0, 1, 1), -ENOTSUP);

    loop_close(&loop);
}

static int use_parents_door(void *argument)
{
    struct loop *loop = argument;
    return mio_kqueue_register(loop->registry, 1, EVFILT_TIMER, EV_ADD, 0, 1, 1) == -ECHILD ? 0 : 1;
}

TEST(life3_the_raw_door_is_shut_in_the_child)
{
    int ends[2];
    struct loop loop = model_open(ends);

    CHECK_EQ(in_child(use_parents_door, &loop), 0);

    model_close(&loop, ends);
}

/* Both directions are ready, each a record of its own, and there is room for one. */
TEST(wait1_poll_with_room_for_one_direction)
{
    struct mio_options options = {.backend = "poll"};
    struct loop loop = loop_open_with(&options, 1);
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_WRITABLE), 0);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE | MIO_WRITABLE});
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

#endif
