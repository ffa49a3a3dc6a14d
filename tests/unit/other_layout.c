/* SPDX-License-Identifier: MIT */
/* A program compiled for another system than its library: the record has another layout. */
#undef MIO_PLATFORM
#if defined(__FreeBSD__)
#define MIO_PLATFORM MIO_PLATFORM_OTHER
#else
#define MIO_PLATFORM MIO_PLATFORM_FREEBSD
#endif

#include <mio/events.h>

#include "test.h"

#include <errno.h>

TEST(events_of_a_program_with_another_layout_are_refused)
{
    struct mio_events *events = NULL;

    CHECK_EQ(mio_events_new(16, NULL, &events), -EINVAL);
    CHECK(events == NULL);
}
