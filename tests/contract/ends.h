/* SPDX-License-Identifier: MIT */
/* What the tests of EV5 share: pairs, end_modes, and whether there is anything to test. */
#ifndef CONTRACT_ENDS_H
#define CONTRACT_ENDS_H

#include "facts/facts.h"
#include "support.h"

#include <errno.h>

static void (*const end_openers[])(int ends[2]) = {open_pair, open_tcp, open_pipe};
enum { END_OPENERS = sizeof end_openers / sizeof end_openers[0] };

static const mio_interest end_modes[] = {0, MIO_LEVEL, MIO_ONESHOT};
enum { END_MODES = sizeof end_modes / sizeof end_modes[0] };

static inline bool is_end_served(mio_interest interest)
{
    return ((mio_interest)fact("served_interests") & interest) == interest;
}

/* Whether there is anything to test: if not, it is refused, and changes nothing. */
static inline bool serves_or_refuses(mio_interest interest)
{
    struct loop loop = loop_open();
    int ends[2];
    bool serves = is_end_served(interest);

    open_pair(ends);
    CHECK_EQ(mio_poll_supports(loop.poll, interest), serves);
    if (!serves) {
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, interest), -ENOTSUP);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    }
    close_pair(ends);
    loop_close(&loop);
    return serves;
}

/* A poll that watches the near end of a pair. */
static inline struct loop watch_end(const int ends[2], mio_interest interest)
{
    struct loop loop = loop_open();
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, interest), 0);
    return loop;
}

static inline uint32_t end_half_closed(void)
{
    return readiness_fact("peer stopped sending, asked for read-closed");
}

#endif
