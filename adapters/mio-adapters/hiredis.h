/* SPDX-License-Identifier: MIT */
/*
 * Redis by hiredis (0.14 and later): a redisAsyncContext in a poll.
 *
 *   redisAsyncContext *context = redisAsyncConnectUnix(path);  // or redisAsyncConnect()
 *   mio_redis_attach(&redis, context, registry, REDIS);
 *   redisAsyncCommand(context, answered, user, "INCR %s", key);
 *   ...
 *   mio_events_each(event, events)
 *       if (!mio_redis_event(&redis, event)) ...               // it was another's
 *
 * Answers come by hiredis' callbacks, from mio_redis_event(). There the context may be freed, by
 * redisAsyncDisconnect() or by hiredis itself when the connection is over: the adapter lets go of
 * it then, and `context` is NULL. So attach after connecting, and free nothing.
 *
 * Who writes to a server that has gone gets SIGPIPE from hiredis: a program ignores the signal.
 *
 * One token serves the socket and, with hiredis 1.0 and later, the timeouts that
 * redisAsyncSetTimeout() and the options of a connection ask for. The adapter stays where it is
 * while it has a context. All calls are made by one thread.
 */
#ifndef MIO_ADAPTERS_HIREDIS_H
#define MIO_ADAPTERS_HIREDIS_H

#include <mio/event.h>
#include <mio/poll.h>
#include <mio/registry.h>
#include <mio/timer.h>

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include <errno.h>
#include <sys/time.h>

/* The members are the adapter's; `context` and `error` may be read. */
struct mio_redis {
    redisAsyncContext *context; /* NULL: it was freed */
    struct mio_registry *registry;
    mio_token token;
    mio_interest interest;
    struct mio_timer timer;
    int error; /* of watching the socket; 0: none */
};

/* --- what hiredis calls --- */

static inline void mio_redis_watch(struct mio_redis *redis, mio_interest interest)
{
    if (!redis->context || interest == redis->interest)
        return;
    redis->interest = interest;
    int error = mio_registry_set(redis->registry, redis->context->c.fd, redis->token,
                                 interest ? interest | MIO_LEVEL : 0);
    if (error < 0 && interest)
        redis->error = error;
}

static inline void mio_redis_add_read(void *user)
{
    struct mio_redis *redis = (struct mio_redis *)user;
    mio_redis_watch(redis, redis->interest | MIO_READABLE);
}

static inline void mio_redis_del_read(void *user)
{
    struct mio_redis *redis = (struct mio_redis *)user;
    mio_redis_watch(redis, redis->interest & ~MIO_READABLE);
}

static inline void mio_redis_add_write(void *user)
{
    struct mio_redis *redis = (struct mio_redis *)user;
    mio_redis_watch(redis, redis->interest | MIO_WRITABLE);
}

static inline void mio_redis_del_write(void *user)
{
    struct mio_redis *redis = (struct mio_redis *)user;
    mio_redis_watch(redis, redis->interest & ~MIO_WRITABLE);
}

/* The context is going, and its socket is still open. */
static inline void mio_redis_cleanup(void *user)
{
    struct mio_redis *redis = (struct mio_redis *)user;
    mio_redis_watch(redis, 0);
    mio_timer_cancel(&redis->timer, redis->registry);
    redis->context = NULL;
}

#if HIREDIS_MAJOR >= 1

static inline void mio_redis_schedule(void *user, struct timeval time)
{
    struct mio_redis *redis = (struct mio_redis *)user;
    int64_t after = MIO_SECONDS((int64_t)time.tv_sec) + MIO_US((int64_t)time.tv_usec);
    int error = mio_timer_set_after(&redis->timer, redis->registry, redis->token, after);
    if (error < 0)
        redis->error = error;
}

static inline void mio_redis_take_timeouts(redisAsyncContext *context)
{
    context->ev.scheduleTimer = mio_redis_schedule;
}

static inline void mio_redis_time_out(redisAsyncContext *context)
{
    redisAsyncHandleTimeout(context);
}

#else

static inline void mio_redis_take_timeouts(redisAsyncContext *context)
{
    (void)context; /* it has none */
}

static inline void mio_redis_time_out(redisAsyncContext *context)
{
    (void)context;
}

#endif

/* --- what the program calls --- */

/*
 * Takes a new context, whose socket is watched from now on. Set its callbacks for connecting and
 * disconnecting, and send commands, afterwards. -EEXIST: an adapter has it already. Otherwise the
 * context's own error, as -errno, or -EINVAL, in which case redisAsyncFree() is the caller's; or
 * that of watching.
 */
static inline int mio_redis_attach(struct mio_redis *redis, redisAsyncContext *context,
                                   struct mio_registry *registry, mio_token token)
{
    if (!context)
        return -ENOMEM;
    if (context->err != 0)
        return context->err == REDIS_ERR_IO && errno > 0 ? -errno : -EINVAL;
    if (context->ev.data)
        return -EEXIST;
    redis->context = context;
    redis->registry = registry;
    redis->token = token;
    redis->interest = 0;
    redis->error = 0;
    mio_timer_init(&redis->timer);
    mio_redis_take_timeouts(context);
    context->ev.data = redis;
    context->ev.addRead = mio_redis_add_read;
    context->ev.delRead = mio_redis_del_read;
    context->ev.addWrite = mio_redis_add_write;
    context->ev.delWrite = mio_redis_del_write;
    context->ev.cleanup = mio_redis_cleanup;
    mio_redis_add_write(redis); /* it becomes writable when it is connected */
    return redis->error;
}

/* Takes an event of the poll's. Returns whether it was this adapter's; hiredis' callbacks have run
 * then. */
static inline bool mio_redis_event(struct mio_redis *redis, const struct mio_event *event)
{
    if (mio_event_token(event) != redis->token)
        return false;
    if (mio_event_is_timer(event)) {
        if (redis->context)
            mio_redis_time_out(redis->context);
        return true;
    }
    bool reads = mio_event_may_read(event);
    bool writes = mio_event_may_write(event);
    if (redis->context && reads && (redis->interest & MIO_READABLE))
        redisAsyncHandleRead(redis->context);
    if (redis->context && writes && (redis->interest & MIO_WRITABLE))
        redisAsyncHandleWrite(redis->context);
    return true;
}

#endif
