/* SPDX-License-Identifier: MIT */
/* Does one of each thing that a trace tells of; the last line of its output is its poll's id. */
#include <mio.h>

#include <stdio.h>

#define REQUIRE(condition)                                         \
    do {                                                           \
        if (!(condition)) {                                        \
            fprintf(stderr, "line %d: does not hold\n", __LINE__); \
            return 1;                                              \
        }                                                          \
    } while (0)

int main(void)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    struct mio_waker *waker;
    REQUIRE(mio_poll_new(NULL, &poll) == 0);
    REQUIRE(mio_events_new(8, NULL, &events) == 0);
    struct mio_registry *registry = mio_poll_registry(poll);
    REQUIRE(mio_pipe_open(&sender, &receiver) == 0);
    REQUIRE(mio_source_register(&receiver.source, registry, 7, MIO_READABLE) == 0);
    REQUIRE(mio_source_reregister(&receiver.source, 8, MIO_READABLE | MIO_LEVEL) == 0);
    REQUIRE(mio_pipe_sender_write(&sender, "a", 1) == 1);
    REQUIRE(mio_poll_wait(poll, events, MIO_FOREVER) == 1);
    REQUIRE(mio_source_deregister(&receiver.source) == 0);
    REQUIRE(mio_registry_set(registry, sender.source.fd, 9, MIO_WRITABLE) == 0);
    REQUIRE(mio_poll_wait(poll, events, MIO_SECONDS(10)) == 1);
    REQUIRE(mio_registry_deregister(registry, sender.source.fd) == 0);
    REQUIRE(mio_waker_new(registry, 10, &waker) == 0);
    REQUIRE(mio_waker_wake(waker) == 0);
    REQUIRE(mio_poll_wait(poll, events, MIO_FOREVER) == 1);
    REQUIRE(mio_poll_wait(poll, events, 0) == 0);
    printf("%u\n", (unsigned)mio_registry_id(registry));
    mio_waker_free(waker);
    mio_poll_free(poll);
    REQUIRE(mio_source_close(&sender.source) == 0);
    REQUIRE(mio_source_close(&receiver.source) == 0);
    mio_events_free(events);
    return 0;
}
