/* SPDX-License-Identifier: MIT */
/* Sends a command to Redis and writes the answer: `redis_client SOCKET WORD...`. */
#include <mio-adapters/hiredis.h>
#include <mio.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REDIS = 1 };

static int failed = 1; /* until there is an answer */

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "redis_client: %s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void print(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_INTEGER)
        printf("%lld\n", reply->integer);
    else if (reply->str)
        printf("%s\n", reply->str);
    for (size_t i = 0; i < reply->elements; i++)
        print(reply->element[i]);
}

static void answered(redisAsyncContext *context, void *answer, void *user)
{
    const redisReply *reply = answer;
    (void)user;
    if (!reply) { /* the connection has ended; hiredis frees it */
        fprintf(stderr, "redis_client: %s\n", context->errstr);
        return;
    }
    failed = reply->type == REDIS_REPLY_ERROR;
    print(reply);
    redisAsyncDisconnect(context);
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_redis redis;
    signal(SIGPIPE, SIG_IGN); /* of hiredis */
    check(argc >= 3 ? 0 : -EINVAL, "usage: redis_client SOCKET WORD...");
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(16, NULL, &events), "events");
    redisAsyncContext *context = redisAsyncConnectUnix(argv[1]);
    check(mio_redis_attach(&redis, context, mio_poll_registry(poll), REDIS), argv[1]);
    redisAsyncCommandArgv(context, answered, NULL, argc - 2, (const char **)(argv + 2), NULL);
    while (redis.context) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events)
            mio_redis_event(&redis, event);
    }
    mio_events_free(events);
    mio_poll_free(poll);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
