/* SPDX-License-Identifier: MIT */
/* A poll in GLib's main loop, beside sources of GLib's. */
#include <mio-adapters/glib.h>

#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum { PIPE, TIMER, WAKER, LATER, TOKENS };

struct setting {
    struct loop loop;
    GMainLoop *main;
    GSource *source;
    guint watchdog;
    int events[TOKENS];
    int wanted; /* so many in all */
    bool removes;
    struct mio_timer timer;
};

/* It has descriptors of its own, and stays: no test has left it open. */
__attribute__((constructor)) static void make_default_context(void)
{
    g_main_context_default();
}

static gboolean on_event(const struct mio_event *event, gpointer user)
{
    struct setting *setting = user;
    setting->events[mio_event_token(event)]++;
    if (--setting->wanted == 0)
        g_main_loop_quit(setting->main);
    return setting->removes ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static gboolean on_watchdog(gpointer user)
{
    struct setting *setting = user;
    CHECK(!"the loop has not ended in time");
    setting->watchdog = 0;
    g_main_loop_quit(setting->main);
    return G_SOURCE_REMOVE;
}

static void setting_open(struct setting *setting, int wanted)
{
    memset(setting, 0, sizeof *setting);
    loop_open(&setting->loop);
    setting->wanted = wanted;
    int error = mio_glib_source_new(setting->loop.poll, 8, &setting->source);
    if (error == -ENOTSUP) {
        loop_close(&setting->loop);
        SKIP("the selector is no descriptor");
    }
    REQUIRE_EQ(error, 0);
    setting->main = g_main_loop_new(NULL, FALSE);
    g_source_set_callback(setting->source, G_SOURCE_FUNC(on_event), setting, NULL);
    g_source_attach(setting->source, NULL);
    setting->watchdog = g_timeout_add_seconds(20, on_watchdog, setting);
}

static void setting_close(struct setting *setting)
{
    if (setting->watchdog)
        g_source_remove(setting->watchdog);
    g_source_destroy(setting->source);
    g_source_unref(setting->source);
    g_main_loop_unref(setting->main);
    loop_close(&setting->loop);
}

TEST(glib_events_and_timers_come_in_the_main_loop)
{
    struct setting setting;
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    setting_open(&setting, 2);
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    CHECK_EQ(mio_source_register(&receiver.source, setting.loop.registry, PIPE, MIO_READABLE), 0);
    CHECK_EQ(mio_pipe_sender_write(&sender, "x", 1), 1);
    CHECK_EQ(mio_timer_set_after(&setting.timer, setting.loop.registry, TIMER, MIO_MS(20)), 0);
    g_main_loop_run(setting.main);
    CHECK_EQ(setting.events[PIPE], 1);
    CHECK_EQ(setting.events[TIMER], 1);
    mio_source_close(&sender.source);
    mio_source_close(&receiver.source);
    setting_close(&setting);
}

static gboolean set_a_timer(gpointer user)
{
    struct setting *setting = user;
    CHECK_EQ(mio_timer_set_after(&setting->timer, setting->loop.registry, TIMER, MIO_MS(1)), 0);
    return G_SOURCE_REMOVE;
}

TEST(glib_timer_that_another_source_sets_is_in_time)
{
    struct setting setting;
    setting_open(&setting, 1);
    g_timeout_add(10, set_a_timer, &setting);
    g_main_loop_run(setting.main);
    CHECK_EQ(setting.events[TIMER], 1);
    setting_close(&setting);
}

static void *wake(void *user)
{
    CHECK_EQ(mio_waker_wake(user), 0);
    return NULL;
}

static void *set_in_thread(void *user)
{
    set_a_timer(user);
    return NULL;
}

TEST(glib_other_threads_wake_the_main_loop)
{
    struct setting setting;
    struct mio_waker *waker;
    pthread_t thread;
    setting_open(&setting, 1);
    REQUIRE_EQ(mio_waker_new(setting.loop.registry, WAKER, &waker), 0);
    REQUIRE_EQ(pthread_create(&thread, NULL, wake, waker), 0);
    g_main_loop_run(setting.main);
    pthread_join(thread, NULL);
    CHECK_EQ(setting.events[WAKER], 1);
    setting.wanted = 1;
    REQUIRE_EQ(pthread_create(&thread, NULL, set_in_thread, &setting), 0);
    g_main_loop_run(setting.main);
    pthread_join(thread, NULL);
    CHECK_EQ(setting.events[TIMER], 1);
    mio_waker_free(waker);
    setting_close(&setting);
}

TEST(glib_more_events_than_room_all_come)
{
    enum { WAKERS = 50 };
    struct setting setting;
    struct mio_waker *wakers[WAKERS];
    setting_open(&setting, WAKERS);
    for (int i = 0; i < WAKERS; i++) {
        REQUIRE_EQ(mio_waker_new(setting.loop.registry, WAKER, &wakers[i]), 0);
        CHECK_EQ(mio_waker_wake(wakers[i]), 0);
    }
    g_main_loop_run(setting.main);
    CHECK_EQ(setting.events[WAKER], WAKERS);
    for (int i = 0; i < WAKERS; i++)
        mio_waker_free(wakers[i]);
    setting_close(&setting);
}

TEST(glib_source_is_removed_when_its_function_says_so)
{
    struct setting setting;
    setting_open(&setting, 1);
    setting.removes = true;
    set_a_timer(&setting);
    g_main_loop_run(setting.main);
    CHECK(g_source_is_destroyed(setting.source));
    setting_close(&setting);
}
