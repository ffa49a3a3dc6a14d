// SPDX-License-Identifier: MIT
// A user's program in C++, which takes the headers' inline functions by address, too.
#include <mio.h>
#include <mio/kqueue.h>

#include <cstdio>

int main()
{
    mio_poll *poll = nullptr;
    mio_events *events = nullptr;
    mio_waker *waker = nullptr;
    if (mio_poll_new(nullptr, &poll) != 0 || mio_events_new(8, NULL, &events) != 0 ||
        mio_waker_new(mio_poll_registry(poll), 7, &waker) != 0)
        return 1;

    mio_token (*token_of)(const mio_event *) = mio_event_token;
    mio_token seen = 0;
    mio_waker_wake(waker);
    if (mio_poll_wait(poll, events, MIO_FOREVER) != 1)
        return 1;
    mio_events_each(event, events) {
        if (mio_event_is_readable(event))
            seen = token_of(event);
    }

    mio_waker_free(waker);
    mio_events_free(events);
    mio_poll_free(poll);
    std::printf("from C++: %s\n", seen == 7 ? "works" : "failed");
    return seen == 7 ? 0 : 1;
}
