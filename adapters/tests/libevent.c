/* SPDX-License-Identifier: MIT */
/* A poll in libevent's loop, beside an event of libevent's. */
#include <mio-adapters/libevent.h>

#include "loop.h"

#include <pthread.h>
#include <string.h>

enum { PIPE, TIMER, WAKER, TOKENS };

struct setting {
    struct loop loop;
    struct event_base *base;
    struct mio_libevent adapter;
    struct mio_timer timer;
    int events[TOKENS];
    int others; /* of libevent's */
    int wanted; /* so many in all */
};

static void count(struct setting *setting)
{
    if (--setting->wanted == 0)
        event_base_loopbreak(setting->base);
}

static void on_event(const struct mio_event *event, void *user)
{
    struct setting *setting = user;
    setting->events[mio_event_token(event)]++;
    count(setting);
}

static void setting_open(struct setting *setting, int wanted)
{
    memset(setting, 0, sizeof *setting);
    loop_open(&setting->loop);
    setting->wanted = wanted;
    setting->base = event_base_new();
    REQUIRE(setting->base != NULL);
    int error = mio_libevent_open(&setting->adapter, setting->base, setting->loop.poll, 8, on_event,
                                  setting);
    if (error == -ENOTSUP) {
        event_base_free(setting->base);
        loop_close(&setting->loop);
        SKIP("the selector is no descriptor");
    }
    REQUIRE_EQ(error, 0);
}

static void setting_run(struct setting *setting)
{
    struct timeval limit = {20, 0};
    event_base_loopexit(setting->base, &limit);
    CHECK_EQ(event_base_dispatch(setting->base), 0);
    CHECK_EQ(setting->wanted, 0);
    CHECK_EQ(setting->adapter.error, 0);
}

static void setting_close(struct setting *setting)
{
    mio_libevent_close(&setting->adapter);
    event_base_free(setting->base);
    loop_close(&setting->loop);
}

TEST(libevent_events_and_timers_come_in_its_loop)
{
    struct setting setting;
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    setting_open(&setting, 2);
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    CHECK_EQ(mio_source_register(&receiver.source, setting.loop.registry, PIPE, MIO_READABLE), 0);
    CHECK_EQ(mio_pipe_sender_write(&sender, "x", 1), 1);
    CHECK_EQ(mio_timer_set_after(&setting.timer, setting.loop.registry, TIMER, MIO_MS(20)), 0);
    CHECK_EQ(mio_libevent_update(&setting.adapter), 0);
    setting_run(&setting);
    CHECK_EQ(setting.events[PIPE], 1);
    CHECK_EQ(setting.events[TIMER], 1);
    mio_source_close(&sender.source);
    mio_source_close(&receiver.source);
    setting_close(&setting);
}

static void set_in_callback(evutil_socket_t fd, short what, void *user)
{
    struct setting *setting = user;
    (void)fd;
    (void)what;
    setting->others++;
    CHECK_EQ(mio_timer_set_after(&setting->timer, setting->loop.registry, TIMER, MIO_MS(1)), 0);
    CHECK_EQ(mio_libevent_update(&setting->adapter), 0);
}

TEST(libevent_timer_that_its_callback_sets_is_in_time)
{
    struct setting setting;
    struct timeval soon = {0, 5000};
    setting_open(&setting, 1);
    CHECK_EQ(event_base_once(setting.base, -1, EV_TIMEOUT, set_in_callback, &setting, &soon), 0);
    setting_run(&setting);
    CHECK_EQ(setting.others, 1);
    CHECK_EQ(setting.events[TIMER], 1);
    setting_close(&setting);
}

static void *set_in_thread(void *user)
{
    struct setting *setting = user;
    CHECK_EQ(mio_timer_set_after(&setting->timer, setting->loop.registry, TIMER, MIO_MS(1)), 0);
    return NULL;
}

TEST(libevent_other_threads_end_its_sleep)
{
    struct setting setting;
    pthread_t thread;
    setting_open(&setting, 1);
    REQUIRE_EQ(pthread_create(&thread, NULL, set_in_thread, &setting), 0);
    setting_run(&setting);
    pthread_join(thread, NULL);
    CHECK_EQ(setting.events[TIMER], 1);
    setting_close(&setting);
}

TEST(libevent_more_events_than_room_all_come)
{
    enum { WAKERS = 50 };
    struct setting setting;
    struct mio_waker *wakers[WAKERS];
    setting_open(&setting, WAKERS);
    for (int i = 0; i < WAKERS; i++) {
        REQUIRE_EQ(mio_waker_new(setting.loop.registry, WAKER, &wakers[i]), 0);
        CHECK_EQ(mio_waker_wake(wakers[i]), 0);
    }
    setting_run(&setting);
    CHECK_EQ(setting.events[WAKER], WAKERS);
    for (int i = 0; i < WAKERS; i++)
        mio_waker_free(wakers[i]);
    setting_close(&setting);
}
