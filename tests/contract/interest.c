/* SPDX-License-Identifier: MIT */
/* Interests as values: predicates, adding, removing, printing. */
#include "support.h"

#include <string.h>

TEST(interest_predicates)
{
    CHECK(mio_interest_is_readable(MIO_READABLE) && !mio_interest_is_readable(MIO_WRITABLE));
    CHECK(mio_interest_is_writable(MIO_WRITABLE) && !mio_interest_is_writable(MIO_READABLE));
    CHECK(mio_interest_is_priority(MIO_PRIORITY) && !mio_interest_is_priority(MIO_READABLE));
    CHECK(mio_interest_is_aio(MIO_AIO) && !mio_interest_is_aio(MIO_LIO));
    CHECK(mio_interest_is_lio(MIO_LIO) && !mio_interest_is_lio(MIO_AIO));
    CHECK(mio_interest_is_error(MIO_ERROR) && !mio_interest_is_error(MIO_READ_CLOSED));
    CHECK(mio_interest_is_read_closed(MIO_READ_CLOSED) && !mio_interest_is_read_closed(MIO_ERROR));

    mio_interest all = MIO_ALL_READINESS;
    CHECK(mio_interest_is_readable(all) && mio_interest_is_writable(all) &&
          mio_interest_is_priority(all) && mio_interest_is_aio(all) && mio_interest_is_lio(all));
    mio_interest none = MIO_ALL_MODES;
    CHECK(!mio_interest_is_readable(none) && !mio_interest_is_writable(none) &&
          !mio_interest_is_priority(none) && !mio_interest_is_aio(none) &&
          !mio_interest_is_lio(none));
}

TEST(interest_add_and_remove)
{
    mio_interest both = mio_interest_add(MIO_READABLE, MIO_WRITABLE);

    CHECK_EQ(both, MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_interest_add(both, MIO_READABLE), both);
    CHECK_EQ(mio_interest_add(both, MIO_LEVEL), both | MIO_LEVEL);
    CHECK_EQ(mio_interest_remove(both, MIO_READABLE), MIO_WRITABLE);
    CHECK_EQ(mio_interest_remove(both, MIO_PRIORITY), both);
    CHECK_EQ(mio_interest_remove(MIO_READABLE, MIO_READABLE), 0);
}

static const struct {
    mio_interest interest;
    const char *text;
} interest_texts[] = {
    {0, "(empty)"},
    {MIO_READABLE, "READABLE"},
    {MIO_WRITABLE, "WRITABLE"},
    {MIO_AIO, "AIO"},
    {MIO_LIO, "LIO"},
    {MIO_PRIORITY, "PRIORITY"},
    {MIO_ERROR, "ERROR"},
    {MIO_READ_CLOSED, "READ_CLOSED"},
    {MIO_LEVEL, "LEVEL"},
    {MIO_ONESHOT, "ONESHOT"},
    {MIO_EXCLUSIVE, "EXCLUSIVE"},
    {MIO_READABLE | MIO_WRITABLE, "READABLE|WRITABLE"},
    {MIO_READABLE | MIO_WRITABLE | MIO_LEVEL, "READABLE|WRITABLE|LEVEL"},
    {0x80000000u, "0x80000000"},
    {MIO_READABLE | 0x1880u, "READABLE|0x1880"},
};

TEST(interest_format_names_every_bit)
{
    char text[200];

    for (size_t i = 0; i < sizeof interest_texts / sizeof interest_texts[0]; i++) {
        CHECK_EQ(mio_interest_format(interest_texts[i].interest, text, sizeof text),
                 strlen(interest_texts[i].text));
        CHECK_STR(text, interest_texts[i].text);
    }
}

TEST(interest_format_cuts_like_snprintf)
{
    const char *whole = "READABLE|WRITABLE";
    mio_interest both = MIO_READABLE | MIO_WRITABLE;
    char text[32];

    CHECK_EQ(mio_interest_format(both, NULL, 0), strlen(whole));
    for (size_t size = 1; size < sizeof text; size++) {
        char expected[32];
        memset(text, '#', sizeof text);
        CHECK_EQ(mio_interest_format(both, text, size), strlen(whole));
        snprintf(expected, size, "%s", whole);
        CHECK_STR(text, expected);
        if (size < strlen(whole))
            CHECK_EQ(text[size], '#');
    }
}
