/* SPDX-License-Identifier: MIT */
/* The polls and descriptors of a scenario. */
#define _GNU_SOURCE

#include "sweep.h"

#include "fault.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CANARY = 0xca };

#define SECOND INT64_C(1000000000)

struct mio_options loop_options(uint32_t flags)
{
    return (struct mio_options){.backend = swept_backend(), .log = step_note_log, .flags = flags};
}

void canary_enter(struct loop *loop)
{
    fault_pause();
    open_pair(loop->canary);
    HOLDS(mio_registry_register(loop->registry, loop->canary[NEAR], CANARY,
                                MIO_READABLE | MIO_LEVEL) == 0);
    fault_resume();
}

/* That an event may take which has to come. Who has failed already is not waited for any more. */
static int64_t patience(void)
{
    return run_is_sound() ? 2 * SECOND : SECOND / 50;
}

/* The canary sings: its event comes, among whatever else is there. */
void canary_leave(struct loop *loop)
{
    fault_pause();
    put(loop->canary[FAR], "x");
    bool heard = false;
    for (int attempt = 0; attempt < 100 && !heard; attempt++) {
        int count = mio_poll_wait(loop->poll, loop->events, patience());
        if (!HOLDS(count > 0))
            break;
        mio_events_each(event, loop->events) {
            heard = heard || (mio_event_token(event) == CANARY && mio_event_is_readable(event));
        }
    }
    HOLDS(heard);
    HOLDS(mio_registry_deregister(loop->registry, loop->canary[NEAR]) == 0);
    close_ends(loop->canary);
    fault_resume();
}

struct loop loop_open(uint32_t flags, size_t capacity)
{
    struct mio_options options = loop_options(flags);
    struct loop loop = {.poll = NULL};
    MAKE(&loop.poll, mio_poll_new(&options, &loop.poll));
    loop.registry = mio_poll_registry(loop.poll);
    MAKE(&loop.events, mio_events_new(capacity, NULL, &loop.events));
    canary_enter(&loop);
    return loop;
}

void loop_close(struct loop *loop)
{
    canary_leave(loop);
    FREE(mio_events_free(loop->events));
    FREE(mio_poll_free(loop->poll));
}

int wait_once(struct loop *loop)
{
    int64_t timeout = patience();
    STEP_OR(ANY_COUNT, mio_poll_wait(loop->poll, loop->events, timeout)) {
        HOLDS(mio_events_is_empty(loop->events));
    }
    return (int)mio_events_len(loop->events);
}

void await(struct loop *loop, mio_token token, uint32_t readiness)
{
    while ((loop->seen[token] & readiness) != readiness) {
        if (!HOLDS(wait_once(loop) > 0))
            break;
        mio_events_each(event, loop->events) {
            if (HOLDS(mio_event_token(event) < MOST_TOKENS))
                loop->seen[mio_event_token(event)] |= mio_event_readiness(event);
        }
    }
    loop->seen[token] = 0;
}

void silent(struct loop *loop)
{
    STEP(0, mio_poll_wait(loop->poll, loop->events, 0));
}

/* --- what to look at after a failure --- */

void expect_unregistered(struct loop *loop, int fd)
{
    HOLDS(mio_registry_deregister(loop->registry, fd) == -ENOENT);
}

/* --- descriptors --- */

void prepare(int fd)
{
    HOLDS(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    HOLDS(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
}

void open_pair(int ends[2])
{
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    prepare(ends[0]);
    prepare(ends[1]);
}

void open_pipe(int ends[2])
{
    REQUIRE_EQ(pipe(ends), 0);
    prepare(ends[0]);
    prepare(ends[1]);
}

void close_ends(const int ends[2])
{
    HOLDS(close(ends[0]) == 0);
    HOLDS(close(ends[1]) == 0);
}

void put(int fd, const char *text)
{
    HOLDS(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

void drain(int fd)
{
    char bytes[256];
    while (read(fd, bytes, sizeof bytes) > 0)
        continue;
}

bool is_prepared(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}
