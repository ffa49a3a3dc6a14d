/* SPDX-License-Identifier: MIT */
/* LIFE3 where the kernel wipes no page for a child, and the program has fork handlers of its own:
 * polls that are made while a fork is under way. */
#define _GNU_SOURCE

#include "fault.h"
#include "sweep.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mio_events *fork_events;
static struct mio_poll *made_before; /* the fork began */
static struct mio_poll *made_during; /* by the parent */
static struct mio_poll *made_by_child;

static struct mio_poll *poll_of_forks(void)
{
    struct mio_options options = {.backend = swept_backend()};
    struct mio_poll *poll = NULL;
    return mio_poll_new(&options, &poll) == 0 ? poll : NULL;
}

static void make_during(void)
{
    made_during = poll_of_forks();
}

static void make_in_child(void)
{
    made_by_child = poll_of_forks();
}

static int look(struct mio_poll *poll)
{
    return poll ? mio_poll_wait(poll, fork_events, 0) : -ENOENT;
}

static int look_as_child(void)
{
    if (look(made_before) != -ECHILD || look(made_during) != -ECHILD)
        return 1;
    return look(made_by_child) == 0 ? 0 : 2;
}

/* They are there before the first poll, when the library's are not yet: so they run inside of
 * them, on either side. */
TEST(life3_a_poll_is_of_who_makes_it_while_a_fork_is_under_way)
{
    int status = -1;
    if (sweeps("kqueue"))
        SKIP("the model of kqueue makes none while a fork is under way");
    REQUIRE_EQ(pthread_atfork(make_during, NULL, make_in_child), 0);
    REQUIRE_EQ(mio_events_new(8, NULL, &fork_events), 0);
    fault_order((struct fault){CALL_madvise, 1, EINVAL});
    made_before = poll_of_forks();
    fault_order((struct fault){.nth = 0});
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(look_as_child());
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    CHECK_EQ(look(made_before), 0);
    CHECK_EQ(look(made_during), 0);
    mio_events_free(fork_events);
    mio_poll_free(made_before);
    mio_poll_free(made_during);
}
