/* SPDX-License-Identifier: MIT */
/* Time limits of a server, from its command line. */
#ifndef EXAMPLES_LIMITS_H
#define EXAMPLES_LIMITS_H

#include <mio.h>

#include <errno.h>
#include <stdlib.h>

/* Reads as many numbers of seconds as there are limits, as in "60,0.5"; 0 is no limit. */
static inline int read_limits(const char *text, int64_t *limits_ns, int count)
{
    for (int i = 0; i < count; i++) {
        char *end;
        double seconds = strtod(text, &end);
        bool is_last = i == count - 1;
        if (end == text || *end != (is_last ? '\0' : ',') || !(seconds >= 0 && seconds < 1e9))
            return -EINVAL;
        limits_ns[i] = (int64_t)(seconds * 1e9);
        text = end + !is_last;
    }
    return 0;
}

/* (Re)starts a timer, or stops it where there is no limit. */
static inline int limit_time(struct mio_timer *timer, struct mio_registry *registry,
                             mio_token token, int64_t limit_ns)
{
    if (limit_ns > 0)
        return mio_timer_set_after(timer, registry, token, limit_ns);
    int result = mio_timer_cancel(timer, registry);
    return result < 0 ? result : 0;
}

#endif
