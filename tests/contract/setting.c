/* SPDX-License-Identifier: MIT */
/* mio_registry_set(): a registration is made what was asked for, whatever there was before. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

TEST(set_registers_what_is_not_registered)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);

    close_pair(ends);
    loop_close(&loop);
}

/* As REG5 has it, and what is ready is told again. */
TEST(set_replaces_token_interest_and_mode)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_LEVEL), 0);
    AWAIT_EVENTS(&loop, {1, BOTH});
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 3, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 3, MIO_WRITABLE);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 4, BOTH | MIO_LEVEL), 0);
    AWAIT_EVENTS(&loop, {4, BOTH});
    AWAIT_EVENTS(&loop, {4, BOTH});
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 0, 0), 0);

    close_pair(ends);
    loop_close(&loop);
}

TEST(set_arms_a_one_shot_that_has_fired)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    for (mio_token token = 1; token <= 3; token++) {
        CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], token, BOTH | MIO_ONESHOT), 0);
        EXPECT_ONE(&loop, token, BOTH);
    }

    close_pair(ends);
    loop_close(&loop);
}

TEST(set_to_nothing_deregisters)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 1, 0), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 1, BOTH), 0);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 1, 0), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 1, 0), 0);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);

    close_pair(ends);
    loop_close(&loop);
}

/* Another file under the number is not what was registered. */
TEST(set_of_a_number_that_is_used_again)
{
    struct loop loop = loop_open();
    int old[2];
    int new[2];

    open_pair(old);
    open_pipe(new);
    put(new[FAR], "x");
    CHECK_EQ(mio_registry_set(loop.registry, old[NEAR], 1, MIO_READABLE), 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(dup2(new[NEAR], old[NEAR]), old[NEAR]);
    CHECK_EQ(mio_registry_set(loop.registry, old[NEAR], 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE);
    CHECK_EQ(mio_registry_set(loop.registry, old[NEAR], 2, 0), 0);

    close_pair(new);
    close_pair(old);
    loop_close(&loop);
}

TEST(set_refuses_what_registering_refuses)
{
    struct loop loop = loop_open();
    int directory = open("/", O_RDONLY | O_CLOEXEC);
    int ends[2];

    open_pair(ends);
    int closed = closed_descriptor();
    CHECK_EQ(mio_registry_set(null(), ends[NEAR], 1, MIO_READABLE), -EINVAL);
    CHECK_EQ(mio_registry_set(null(), ends[NEAR], 1, 0), -EINVAL);
    CHECK_EQ(mio_registry_set(loop.registry, closed, 1, MIO_READABLE), -EBADF);
    CHECK_EQ(mio_registry_set(loop.registry, closed, 1, 0), -EBADF);
    CHECK_EQ(mio_registry_set(loop.registry, MIO_INVALID_FD, 1, MIO_READABLE), -EBADF);
    CHECK_EQ(mio_registry_set(loop.registry, directory, 1, MIO_READABLE), -EPERM);
    CHECK_EQ(close(directory), 0);

    /* None of these harms the registration there is. */
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_set(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, MIO_LEVEL), -EINVAL);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, MIO_READABLE | 0x80000000u), -EINVAL);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, BOTH | MIO_LEVEL | MIO_ONESHOT),
             -EINVAL);
    if (!mio_poll_supports(loop.poll, MIO_LIO))
        CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, BOTH | MIO_LIO), -ENOTSUP);
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

static int set_in_the_parents(void *argument)
{
    struct loop *loop = argument;
    if (mio_registry_set(loop->registry, STDIN_FILENO, 1, MIO_READABLE) != -ECHILD)
        return 1;
    return mio_registry_set(loop->registry, STDIN_FILENO, 1, 0) == -ECHILD ? 0 : 2;
}

TEST(set_in_a_forked_child_is_refused)
{
    struct loop loop = loop_open();

    CHECK_EQ(in_child(set_in_the_parents, &loop), 0);
    loop_close(&loop);
}

enum { ROUNDS = 500 };

struct setter {
    struct loop *loop;
    int fd;
};

static void *set_and_unset(void *argument)
{
    const struct setter *setter = argument;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(mio_registry_set(setter->loop->registry, setter->fd, 1, MIO_READABLE), 0);
        CHECK_EQ(mio_registry_set(setter->loop->registry, setter->fd, 1, 0), 0);
    }
    return NULL;
}

/* Neither meets an error of the other's step in between. */
TEST(set_by_two_threads_of_one_descriptor)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    struct setter setter = {&loop, ends[NEAR]};
    pthread_t other = thread_start(set_and_unset, &setter);
    (void)set_and_unset(&setter);
    thread_join(other);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

static void *set_once(void *argument)
{
    const struct setter *setter = argument;
    CHECK_EQ(mio_registry_set(setter->loop->registry, setter->fd, 1, MIO_READABLE), 0);
    return NULL;
}

TEST(set_takes_effect_on_the_wait_in_progress_of_a_thread)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    struct setter setter = {&loop, ends[NEAR]};
    pthread_t other = thread_start(set_once, &setter);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    thread_join(other);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev1_who_makes_the_edges_can_be_asked)
{
    struct loop loop = loop_open();

    CHECK_EQ(mio_poll_makes_edges(loop.poll), fact("edges have to be asked for after EAGAIN"));
    CHECK(!mio_poll_makes_edges(null()));
    loop_close(&loop);
}
