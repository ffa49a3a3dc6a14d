/* SPDX-License-Identifier: MIT */
/* hiredis and a redis-server of the test's own, on a Unix socket. */
#include <mio-adapters/hiredis.h>

#include "loop.h"
#include "program.h"

#include <string.h>

enum { REDIS = 5, COMMANDS = 1000 };

struct setting {
    struct loop loop;
    struct program server;
    char folder[32];
    char path[64];
    struct mio_redis redis;
    int connected, disconnected; /* the callbacks' status + 1 */
    int answers;
    long long last;
    char message[32];
    bool failed;
};

static void on_connected(const redisAsyncContext *context, int status)
{
    struct setting *setting = context->data;
    setting->connected = status + 1;
}

static void on_disconnected(const redisAsyncContext *context, int status)
{
    struct setting *setting = context->data;
    setting->disconnected = status + 1;
}

static void start_server(struct setting *setting)
{
    const char *const command[] = {"redis-server",  "--port",       "0",  "--unixsocket",
                                   setting->path,   "--save",       "",   "--dir",
                                   setting->folder, "--appendonly", "no", NULL};
    program_start(&setting->server, command);
    program_says(&setting->server, "ready to accept connections");
}

static void setting_connect(struct setting *setting)
{
    redisAsyncContext *context = redisAsyncConnectUnix(setting->path);
    REQUIRE_EQ(mio_redis_attach(&setting->redis, context, setting->loop.registry, REDIS), 0);
    context->data = setting;
    redisAsyncSetConnectCallback(context, on_connected);
    redisAsyncSetDisconnectCallback(context, on_disconnected);
}

static void setting_open(struct setting *setting)
{
    memset(setting, 0, sizeof *setting);
    setting->connected = setting->disconnected = 99;
    loop_open(&setting->loop);
    strcpy(setting->folder, "/tmp/mio-adapters-XXXXXX");
    REQUIRE(mkdtemp(setting->folder) != NULL);
    snprintf(setting->path, sizeof setting->path, "%s/redis", setting->folder);
    start_server(setting);
    setting_connect(setting);
}

static void setting_close(struct setting *setting)
{
    program_stop(&setting->server);
    unlink(setting->path);
    rmdir(setting->folder);
    loop_close(&setting->loop);
}

static void step(struct setting *setting)
{
    loop_wait(&setting->loop);
    mio_events_each(event, setting->loop.events)
        REQUIRE(mio_redis_event(&setting->redis, event));
    REQUIRE_EQ(setting->redis.error, 0);
}

static void counted(redisAsyncContext *context, void *answer, void *user)
{
    struct setting *setting = user;
    redisReply *reply = answer;
    (void)context;
    setting->failed |= reply == NULL;
    if (!reply)
        return;
    CHECK_EQ(reply->type, REDIS_REPLY_INTEGER);
    setting->answers++;
    setting->last = reply->integer;
}

TEST(redis_commands_are_answered_in_order)
{
    struct setting setting;
    setting_open(&setting);
    for (int i = 0; i < COMMANDS; i++)
        redisAsyncCommand(setting.redis.context, counted, &setting, "INCR number");
    while (setting.answers < COMMANDS)
        step(&setting);
    CHECK_EQ(setting.connected, 1);
    CHECK_EQ(setting.last, COMMANDS);
    redisAsyncDisconnect(setting.redis.context);
    while (setting.redis.context)
        step(&setting);
    CHECK_EQ(setting.disconnected, 1);
    setting_close(&setting);
}

static void published(redisAsyncContext *context, void *answer, void *user)
{
    struct setting *setting = user;
    redisReply *reply = answer;
    (void)context;
    if (reply && reply->elements == 3 && reply->element[2]->str)
        snprintf(setting->message, sizeof setting->message, "%s", reply->element[2]->str);
    else if (reply)
        setting->answers++;
}

TEST(redis_subscription_is_told_of_messages)
{
    struct setting setting;
    setting_open(&setting);
    redisAsyncCommand(setting.redis.context, published, &setting, "SUBSCRIBE news");
    while (setting.answers == 0)
        step(&setting);
    redisContext *other = redisConnectUnix(setting.path);
    REQUIRE(other != NULL && other->err == 0);
    freeReplyObject(redisCommand(other, "PUBLISH news hello"));
    redisFree(other);
    while (setting.message[0] == 0)
        step(&setting);
    CHECK_STR(setting.message, "hello");
    redisAsyncFree(setting.redis.context);
    CHECK(setting.redis.context == NULL);
    setting_close(&setting);
}

TEST(redis_server_that_vanishes_lets_go_of_the_context)
{
    struct setting setting;
    setting_open(&setting);
    redisAsyncCommand(setting.redis.context, counted, &setting, "INCR number");
    while (setting.answers == 0)
        step(&setting);
    redisAsyncCommand(setting.redis.context, counted, &setting, "BLPOP nothing 0");
    while (setting.redis.interest & MIO_WRITABLE)
        step(&setting);
    signal(SIGPIPE, SIG_IGN); /* hiredis leaves that to the program */
    kill(setting.server.pid, SIGKILL);
    waitpid(setting.server.pid, NULL, 0);
    redisAsyncCommand(setting.redis.context, counted, &setting,
                      "INCR number"); /* is written first */
    while (setting.redis.context)
        step(&setting);
    CHECK(setting.failed);
    CHECK_EQ(setting.disconnected, REDIS_ERR + 1);
    setting_close(&setting);
}
