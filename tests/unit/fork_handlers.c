/* SPDX-License-Identifier: MIT */
/* LIFE3 beside fork handlers of the program's own, which may run before the library's. */
#define _GNU_SOURCE

#include "test.h"

#include <mio.h>

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mio_poll *parents;
static struct mio_poll *childs;
static struct mio_events *events;

static void make_own_poll(void)
{
    if (mio_poll_new(NULL, &childs) != 0)
        _exit(1);
}

static int look_in_the_child(void)
{
    struct mio_waker *waker = NULL;
    if (mio_poll_wait(parents, events, 0) != -ECHILD)
        return 2;
    if (mio_waker_new(mio_poll_registry(childs), 1, &waker) != 0 || mio_waker_wake(waker) != 0)
        return 3;
    if (mio_poll_wait(childs, events, 0) != 1)
        return 4;
    mio_waker_free(waker);
    mio_poll_free(childs);
    return mio_poll_wait(parents, events, 0) == -ECHILD ? 0 : 5;
}

/* The handler is there before the first poll, when the library's is not yet. */
TEST(life3_a_poll_made_by_an_earlier_fork_handler_is_usable)
{
    int status = -1;
    REQUIRE_EQ(pthread_atfork(NULL, NULL, make_own_poll), 0);
    REQUIRE_EQ(mio_poll_new(NULL, &parents), 0);
    REQUIRE_EQ(mio_events_new(8, NULL, &events), 0);

    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(look_in_the_child());
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(mio_poll_wait(parents, events, 0), 0);

    mio_events_free(events);
    mio_poll_free(parents);
}
