/* SPDX-License-Identifier: MIT */
/*
 * For scripts/macos.sh, which compiles and links it but cannot run it: every part of the library is
 * referred to, and the raw access with the constants of the system's own header.
 */
#include <mio.h>
#include <mio/kqueue.h>

#include <stdio.h>
#include <sys/event.h>
#include <unistd.h>

enum { INPUT = 1, WAKER, TIMER };

static int start_timer(struct mio_registry *registry)
{
    return mio_kqueue_register(registry, 1, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 10, TIMER);
}

static void print_events(struct mio_events *events)
{
    mio_events_each(event, events) {
        char text[256];
        mio_event_format(event, text, sizeof text);
        printf("token %lu, filter %d, hint %lld: %s\n", (unsigned long)mio_event_token(event),
               mio_kqueue_event_filter(event), (long long)mio_event_amount(event), text);
    }
}

int main(void)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_waker *waker;
    struct mio_source input;
    if (mio_poll_new(NULL, &poll) != 0 || mio_events_new(16, NULL, &events) != 0)
        return 1;
    struct mio_registry *registry = mio_poll_registry(poll);
    mio_source_init(&input, STDIN_FILENO);
    if (mio_waker_new(registry, WAKER, &waker) != 0 || start_timer(registry) != 0 ||
        mio_source_register(&input, registry, INPUT, MIO_READABLE | MIO_LEVEL) != 0)
        return 1;
    mio_waker_wake(waker);
    if (mio_poll_wait_until(poll, events, mio_now() + INT64_C(1000000000)) > 0)
        print_events(events);
    mio_source_deregister(&input);
    mio_waker_free(waker);
    mio_events_free(events);
    mio_poll_free(poll);
    return 0;
}
