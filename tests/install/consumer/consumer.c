/* SPDX-License-Identifier: MIT */
/* A user's program: headers and library agree, and a wait delivers. */
#include <mio.h>

#include <stdio.h>

enum { WAKER = 7 };

static int wake_and_wait(struct mio_poll *poll, struct mio_events *events)
{
    struct mio_waker *waker;
    if (mio_waker_new(mio_poll_registry(poll), WAKER, &waker) != 0)
        return 1;
    int woken = mio_waker_wake(waker);
    int count = mio_poll_wait(poll, events, MIO_FOREVER);
    mio_token token = count == 1 ? mio_event_token(mio_events_get(events, 0)) : 0;
    mio_waker_free(waker);
    return woken == 0 && token == WAKER ? 0 : 1;
}

int main(void)
{
    struct mio_poll *poll;
    struct mio_events *events;
    if (mio_version() != MIO_VERSION || mio_poll_new(NULL, &poll) != 0)
        return 1;
    if (mio_events_new(8, NULL, &events) != 0)
        return 1;
    int failed = wake_and_wait(poll, events);
    printf("libmio %s, %s: %s\n", mio_version_string(), mio_poll_backend(poll),
           failed ? "failed" : "works");
    mio_events_free(events);
    mio_poll_free(poll);
    return failed;
}
