/* SPDX-License-Identifier: MIT */
/* Functions of values alone: what epoll's bits say, bits by name, the version; and NULL for what
 * none of them needs a poll to refuse. */
#include "test.h"

#include <mio.h>
#include <mio/epoll.h>

#include <errno.h>
#include <string.h>

#include "record/record.h"
#include "record/text.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A NULL that the compiler does not know of. */
static void *null(void)
{
    static void *volatile nothing;
    return nothing;
}

/* --- events --- */

#if defined(MIO_RECORD_EPOLL)

enum { IN = 0x1, PRI = 0x2, OUT = 0x4, ERR = 0x8, HUP = 0x10, RDHUP = 0x2000 };

static const struct {
    uint32_t events;
    uint32_t readiness;
} bits[] = {
    {IN, MIO_READABLE},
    {OUT, MIO_WRITABLE},
    {PRI, MIO_READABLE | MIO_PRIORITY},
    {ERR, MIO_ERROR | MIO_WRITE_CLOSED},
    {IN | ERR, MIO_READABLE | MIO_ERROR},
    {OUT | ERR, MIO_WRITABLE | MIO_ERROR | MIO_WRITE_CLOSED},
    {HUP, MIO_READ_CLOSED | MIO_WRITE_CLOSED},
    {RDHUP, MIO_READ_CLOSED},
    {IN | RDHUP, MIO_READABLE | MIO_READ_CLOSED},
    {OUT | RDHUP, MIO_WRITABLE | MIO_READ_CLOSED},
};

#endif

TEST(event_bits_of_epoll)
{
#if defined(MIO_RECORD_EPOLL)
    for (size_t i = 0; i < COUNT(bits); i++) {
        struct mio_event event = {.events = bits[i].events, .data = i};
        CHECK_EQ(mio_event_readiness(&event), bits[i].readiness);
        CHECK_EQ(mio_event_token(&event), i);
        CHECK_EQ(mio_event_error(&event), 0);
        CHECK_EQ(mio_event_amount(&event), -1);
        CHECK_EQ(mio_event_expirations(&event), 0);
        CHECK_EQ(mio_epoll_event_mask(&event), bits[i].events);
        CHECK_EQ(mio_event_may_read(&event),
                 (bits[i].readiness & (MIO_READABLE | MIO_READ_CLOSED | MIO_ERROR)) != 0);
        CHECK_EQ(mio_event_may_write(&event),
                 (bits[i].readiness & (MIO_WRITABLE | MIO_WRITE_CLOSED | MIO_ERROR)) != 0);
    }
#else
    SKIP("another record");
#endif
}

TEST(event_bits_of_a_timer_are_no_mask)
{
#if defined(MIO_RECORD_EPOLL)
    struct mio_event event;
    mio__record_timer(&event, 7, 3);
    CHECK_EQ(mio_event_expirations(&event), 3);
    CHECK_EQ(mio_epoll_event_mask(&event), 0);
#else
    SKIP("another record");
#endif
}

/* --- bits by name --- */

TEST(text_names_bits)
{
    /* Headers have names for 0 and for bits that a wider name contains. */
    static const struct mio__name names[] = {{"NONE", 0}, {"ALL", 7}, {"ONE", 1}, {"EIGHT", 8}};
    static const struct {
        uint32_t bits;
        const char *text;
    } rows[] = {
        {0, "(empty)"},    {7, "ALL"},     {1, "ONE"},     {9, "ONE|EIGHT"},
        {15, "ALL|EIGHT"}, {3, "ONE|0x2"}, {0x10, "0x10"}, {0x1f, "ALL|EIGHT|0x10"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char buffer[64];
        struct mio__text text = {.buffer = buffer, .size = sizeof buffer};
        mio__text_add_bits(&text, rows[i].bits, names, COUNT(names));
        CHECK_STR(buffer, rows[i].text);
        CHECK_EQ(mio__text_result(&text), strlen(rows[i].text));
    }
}

/* --- the version --- */

TEST(version_is_that_of_the_header)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", MIO_VERSION_MAJOR, MIO_VERSION_MINOR,
             MIO_VERSION_PATCH);
    CHECK_EQ(mio_version(), MIO_VERSION);
    CHECK_STR(mio_version_string(), text);
    CHECK_STR(mio_version_string(), MIO_VERSION_STRING);
}

/* --- NULL --- */

TEST(null_is_nothing)
{
    char buffer[8];
    CHECK(mio_poll_registry(null()) == NULL);
    CHECK(mio_poll_backend(null()) == NULL);
    CHECK(!mio_poll_supports(null(), MIO_READABLE));
    CHECK_EQ(mio_registry_id(null()), 0);
    CHECK_EQ(mio_addr_format(null(), buffer, sizeof buffer), -EINVAL);
    mio_source_init(null(), 1);
}
