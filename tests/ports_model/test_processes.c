/* SPDX-License-Identifier: MIT */
/* Threads that wait on one port, closing it under them, and children of fork(). */
#include "test_support.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { WAITERS = 3 };

struct waiter {
    pthread_t thread;
    int port;
    int result;
    port_event_t event;
};

static atomic_int ended;

static void *wait_for_one(void *argument)
{
    struct waiter *waiter = argument;
    unsigned count = 1;
    waiter->result = getn(waiter->port, &waiter->event, 1, &count, -1);
    atomic_fetch_add(&ended, 1);
    return NULL;
}

static void start(struct waiter *waiters, int port)
{
    atomic_store(&ended, 0);
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = (struct waiter){.port = port};
        REQUIRE_EQ(pthread_create(&waiters[i].thread, NULL, wait_for_one, &waiters[i]), 0);
    }
}

static void join(struct waiter *waiters)
{
    for (int i = 0; i < WAITERS; i++)
        pthread_join(waiters[i].thread, NULL);
}

static void wait_for_ended(int count)
{
    const struct timespec pause = {0, 1000000};
    while (atomic_load(&ended) < count)
        nanosleep(&pause, NULL);
}

TEST(an_event_goes_to_one_of_those_who_wait)
{
    struct waiter waiters[WAITERS];
    int port = open_port();
    start(waiters, port);
    for (int i = 1; i <= WAITERS; i++) {
        CHECK_EQ(send_user(port, i, USER), 0);
        wait_for_ended(i);
    }
    join(waiters);
    CHECK(quiet(port));
    close(port);
}

TEST(an_association_by_another_thread_counts_for_a_wait_in_progress)
{
    struct waiter waiters[WAITERS];
    int port = open_port();
    int ends[2];
    open_pair(ends);
    start(waiters, port);
    for (int i = 1; i <= WAITERS; i++) {
        CHECK_EQ(associate(port, ends[NEAR], POLLOUT, USER), 0);
        wait_for_ended(i);
    }
    join(waiters);
    close_pair(ends);
    close(port);
}

TEST(an_alert_wakes_all_who_wait)
{
    struct waiter waiters[WAITERS];
    int port = open_port();
    start(waiters, port);
    CHECK_EQ(port_alert(port, PORT_ALERT_SET, 7, NULL), 0);
    join(waiters);
    for (int i = 0; i < WAITERS; i++)
        CHECK_EQ(waiters[i].event.portev_events, 7);
    close(port);
}

/* Who waits already gets EBADFD, who comes later EBADF. */
TEST(s13_closing_a_port_ends_the_waits_of_others)
{
    struct waiter waiters[WAITERS];
    int port = open_port();
    start(waiters, port);
    const struct timespec moment = {0, 20000000};
    nanosleep(&moment, NULL);
    close(port);
    join(waiters);
    for (int i = 0; i < WAITERS; i++)
        CHECK(waiters[i].result == -EBADFD || waiters[i].result == -EBADF);
}

/* --- children --- */

struct shared {
    int port;
    int fd;
};

static int fetch_in_child(void *argument)
{
    struct shared *shared = argument;
    port_event_t list[4];
    return fetch(shared->port, list, 4);
}

TEST(s15_a_child_takes_events_of_a_port_that_it_inherited)
{
    int ends[2];
    open_pair(ends);
    struct shared shared = {open_port(), ends[NEAR]};
    CHECK_EQ(send_user(shared.port, 1, USER), 0);
    CHECK_EQ(associate(shared.port, ends[NEAR], POLLOUT, USER), 0);
    CHECK_EQ(in_child(fetch_in_child, &shared), 2);
    CHECK(quiet(shared.port));
    close_pair(ends);
    close(shared.port);
}

static int fetch_without_descriptor(void *argument)
{
    struct shared *shared = argument;
    close(shared->fd);
    return fetch_in_child(argument);
}

TEST(s15_a_child_that_closed_a_descriptor_gets_no_event_of_it_and_takes_none_away)
{
    int ends[2];
    open_pair(ends);
    struct shared shared = {open_port(), ends[NEAR]};
    CHECK_EQ(associate(shared.port, ends[NEAR], POLLOUT, USER), 0);
    CHECK_EQ(in_child(fetch_without_descriptor, &shared), 0);
    EXPECT_FD(shared.port, ends[NEAR], POLLOUT, USER);
    close_pair(ends);
    close(shared.port);
}

static int dissociate_in_child(void *argument)
{
    struct shared *shared = argument;
    return dissociate(shared->port, shared->fd) == -EACCES ? 0 : 1;
}

TEST(s15_only_the_process_that_associated_may_dissociate)
{
    int ends[2];
    open_pair(ends);
    struct shared shared = {open_port(), ends[NEAR]};
    CHECK_EQ(associate(shared.port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(in_child(dissociate_in_child, &shared), 0);
    put(ends[FAR], "x");
    EXPECT_FD(shared.port, ends[NEAR], POLLIN, USER);
    close_pair(ends);
    close(shared.port);
}

static int close_in_child(void *argument)
{
    struct shared *shared = argument;
    close(shared->fd);
    return close(shared->port) == 0 ? 0 : 1;
}

TEST(s15_a_child_that_closes_its_port_leaves_the_associations_of_its_parent)
{
    int ends[2];
    open_pair(ends);
    struct shared shared = {open_port(), ends[NEAR]};
    CHECK_EQ(associate(shared.port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(in_child(close_in_child, &shared), 0);
    put(ends[FAR], "x");
    EXPECT_FD(shared.port, ends[NEAR], POLLIN, USER);
    close_pair(ends);
    close(shared.port);
}

static int send_in_child(void *argument)
{
    struct shared *shared = argument;
    return send_user(shared->port, 3, USER);
}

TEST(s15_a_child_sends_to_its_parent)
{
    struct shared shared = {open_port(), -1};
    CHECK_EQ(in_child(send_in_child, &shared), 0);
    CHECK_EQ(await(shared.port).portev_events, 3);
    close(shared.port);
}
