/* SPDX-License-Identifier: MIT */
/* port_get() and port_getn(): how many, how long, and what is left. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MILLISECOND = 1000000 };

static void send_many(int port, int count)
{
    for (int i = 0; i < count; i++)
        CHECK_EQ(send_user(port, i, (uintptr_t)i + 10), 0);
}

TEST(getn_brings_what_is_there_once_enough_is_there)
{
    int port = open_port();
    port_event_t list[8];
    unsigned count = 1;
    send_many(port, 5);
    CHECK_EQ(getn(port, list, 8, &count, -1), 0);
    CHECK_EQ(count, 5);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(list[i].portev_events, i);
    CHECK(quiet(port));
    close(port);
}

TEST(getn_brings_no_more_than_there_is_room_for)
{
    int port = open_port();
    port_event_t list[8];
    unsigned count = 1;
    send_many(port, 5);
    CHECK_EQ(getn(port, list, 2, &count, -1), 0);
    CHECK_EQ(count, 2);
    count = 2;
    CHECK_EQ(getn(port, list, 2, &count, -1), 0);
    CHECK_EQ(list[0].portev_events, 2);
    CHECK_EQ(fetch(port, list, 8), 1);
    close(port);
}

TEST(getn_with_room_0_counts)
{
    int port = open_port();
    unsigned count = 7;
    send_many(port, 3);
    CHECK_EQ(getn(port, NULL, 0, &count, -1), 0);
    CHECK_EQ(count, 3);
    close(port);
}

TEST(getn_that_wants_none_brings_none)
{
    int port = open_port();
    port_event_t list[2];
    unsigned count = 0;
    send_many(port, 1);
    CHECK_EQ(getn(port, list, 2, &count, -1), 0);
    CHECK_EQ(count, 0);
    CHECK(!quiet(port));
    close(port);
}

TEST(s2_getn_whose_time_is_up_brings_what_there_is)
{
    int port = open_port();
    port_event_t list[8];
    unsigned count = 4;
    send_many(port, 2);
    int64_t start = test_now();
    CHECK_EQ(getn(port, list, 8, &count, 20 * MILLISECOND), -ETIME);
    CHECK(test_now() - start >= 20 * MILLISECOND);
    CHECK_EQ(count, 2);
    CHECK(quiet(port));
    close(port);
}

TEST(s2_getn_that_only_looks_is_0_or_etime)
{
    int port = open_port();
    port_event_t list[8];
    for (int i = 0; i < 2; i++) {
        int wanted = i == 0 ? 0 : -ETIME;
        portmodel_set_look_ends_in_etime(i == 1);
        unsigned count = 1;
        CHECK_EQ(getn(port, list, 8, &count, 0), wanted);
        CHECK_EQ(count, 0);
        count = 4;
        send_many(port, 2);
        CHECK_EQ(getn(port, list, 8, &count, 0), wanted);
        CHECK_EQ(count, 2);
    }
    portmodel_reset();
    close(port);
}

TEST(get_whose_time_is_up_is_etime)
{
    int port = open_port();
    port_event_t event;
    struct timespec none = {0, 0};
    struct timespec little = {0, MILLISECOND};
    CHECK_EQ(port_get(port, &event, &none), -1);
    CHECK_EQ(errno, ETIME);
    CHECK_EQ(port_get(port, &event, &little), -1);
    CHECK_EQ(errno, ETIME);
    close(port);
}

TEST(bad_arguments_of_getn)
{
    int port = open_port();
    port_event_t list[2];
    unsigned count = 3;
    CHECK_EQ(getn(port, list, 2, &count, 0), -EINVAL); /* more wanted than there is room */
    CHECK_EQ(count, 3);
    CHECK_EQ(port_getn(port, list, 2, NULL, NULL), -1);
    CHECK_EQ(errno, EINVAL);
    count = 1;
    CHECK_EQ(getn(port, NULL, 2, &count, 0), -EFAULT);
    int closed = closed_descriptor();
    CHECK_EQ(getn(closed, list, 2, &count, 0), -EBADF);
    CHECK_EQ(getn(STDERR_FILENO, list, 2, &count, 0), -EBADFD);
    close(port);
}

TEST(bad_timeouts_are_noticed_when_there_is_too_little)
{
    static struct timespec bad[3] = {{-1, 0}, {0, -1}, {0, 1000000000}};
    int port = open_port();
    port_event_t list[2];
    for (int i = 0; i < 3; i++) {
        unsigned count = 1;
        CHECK_EQ(port_getn(port, list, 2, &count, &bad[i]), -1);
        CHECK_EQ(errno, EINVAL);
        send_many(port, 1);
        CHECK_EQ(port_getn(port, list, 2, &count, &bad[i]), 0);
        CHECK_EQ(count, 1);
    }
    close(port);
}

TEST(errno_is_left_alone_by_what_succeeds)
{
    int port = open_port();
    port_event_t list[2];
    unsigned count = 1;
    errno = ENXIO;
    send_many(port, 1);
    CHECK_EQ(getn(port, list, 2, &count, 0), 0);
    CHECK_EQ(errno, ENXIO);
    close(port);
}

/* --- signals --- */

static int signalled_port;
static atomic_bool was_interrupted;

static void on_alarm(int number)
{
    (void)number;
}

static void catch_alarm(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
}

/* Again and again: one that comes before the wait ends none. */
static void *signal_until_interrupted(void *argument)
{
    const struct timespec pause = {0, MILLISECOND};
    pthread_t *waiter = argument;
    while (!atomic_load(&was_interrupted)) {
        pthread_kill(*waiter, SIGALRM);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

TEST(s2_eintr_takes_no_events_and_leaves_nget_alone)
{
    int port = open_port();
    port_event_t list[8];
    unsigned count = 4;
    pthread_t self = pthread_self();
    pthread_t thread;
    atomic_store(&was_interrupted, false);
    catch_alarm(on_alarm);
    send_many(port, 2);
    REQUIRE_EQ(pthread_create(&thread, NULL, signal_until_interrupted, &self), 0);
    CHECK_EQ(getn(port, list, 8, &count, -1), -EINTR);
    atomic_store(&was_interrupted, true);
    CHECK_EQ(count, 4);
    pthread_join(thread, NULL);
    CHECK_EQ(fetch(port, list, 8), 2);
    catch_alarm(SIG_DFL);
    close(port);
}

static void send_from_handler(int number)
{
    (void)number;
    (void)port_send(signalled_port, 5, NULL);
}

/* port_send() is async-signal-safe. */
TEST(s6_an_event_is_sent_from_a_signal_handler)
{
    port_event_t list[2];
    signalled_port = open_port();
    catch_alarm(send_from_handler);
    raise(SIGALRM);
    CHECK_EQ(fetch(signalled_port, list, 2), 1);
    CHECK_EQ(list[0].portev_events, 5);
    catch_alarm(SIG_DFL);
    close(signalled_port);
}

/* --- as a descriptor --- */

static int polled(int port)
{
    struct pollfd asked = {.fd = port, .events = POLLIN};
    return poll(&asked, 1, 0);
}

TEST(s16_a_port_is_readable_while_events_are_queued)
{
    int port = open_port();
    port_event_t list[2];
    int ends[2];
    open_pair(ends);
    CHECK_EQ(polled(port), 0);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, 1), 0);
    CHECK_EQ(polled(port), 0);
    put(ends[FAR], "x");
    CHECK_EQ(polled(port), 1);
    CHECK_EQ(fetch(port, list, 2), 1);
    CHECK_EQ(polled(port), 0);
    send_many(port, 1);
    CHECK_EQ(polled(port), 1);
    CHECK_EQ(fetch(port, list, 2), 1);
    CHECK_EQ(polled(port), 0);
    close_pair(ends);
    close(port);
}

TEST(s16_a_port_is_associated_with_another)
{
    int inner = open_port();
    int outer = open_port();
    port_event_t list[2];
    CHECK_EQ(associate(outer, inner, POLLIN, 1), 0);
    CHECK(quiet(outer));
    send_many(inner, 1);
    EXPECT_FD(outer, inner, POLLIN, 1);
    CHECK_EQ(fetch(inner, list, 2), 1);
    close(inner);
    close(outer);
}

TEST(s12_a_port_is_inherited_by_exec_unless_it_is_told_not_to)
{
    int port = open_port();
    CHECK_EQ(fcntl(port, F_GETFD), 0);
    close(port);
}

TEST(a_duplicate_of_a_port_is_the_port)
{
    int port = open_port();
    port_event_t list[2];
    send_many(port, 1);
    int copy = fcntl(port, F_DUPFD_CLOEXEC, 100);
    close(port);
    CHECK_EQ(fetch(copy, list, 2), 1);
    send_many(copy, 1);
    CHECK_EQ(dup2(copy, 99), 99);
    close(copy);
    CHECK_EQ(fetch(99, list, 2), 1);
    close(99);
    CHECK_EQ(send_user(99, 1, 1), -EBADF);
}
