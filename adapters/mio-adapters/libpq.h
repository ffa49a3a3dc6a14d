/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL by libpq (9 and later): a connection in a poll, with queries that do not block, and
 * notifications (LISTEN).
 *
 *   mio_pg_open(&pg, registry, DATABASE, "host=/run/postgresql dbname=shop");
 *   ...
 *   mio_events_each(event, events)
 *       if (mio_pg_event(&pg, event)) ...      // it was this connection's
 *   if (pg.state == MIO_PG_READY) ...          // PQsendQuery(pg.connection, ...), mio_pg_flush(&pg)
 *   while ((result = mio_pg_result(&pg)) != NULL) ...  // PQclear(result)
 *   while ((notify = PQnotifies(pg.connection)) != NULL) ...  // PQfreemem(notify)
 *   if (pg.state == MIO_PG_FAILED) ...         // PQerrorMessage(pg.connection), mio_pg_close(&pg)
 *
 * The connection is non-blocking (PQsetnonblocking(3)): after each PQsend...() call mio_pg_flush(),
 * which has the rest written when there is room. Do not call PQexec() and its like: they block. A
 * name of a host is looked up by PQconnectStart(3), which blocks; give `hostaddr` or a folder of
 * sockets to avoid it.
 *
 * libpq has no timeouts of its own here; set a struct mio_timer. The adapter stays where it is while
 * it is open, and all calls are made by one thread.
 */
#ifndef MIO_ADAPTERS_LIBPQ_H
#define MIO_ADAPTERS_LIBPQ_H

#include <mio/event.h>
#include <mio/registry.h>

#include <libpq-fe.h>

#include <errno.h>

enum mio_pg_state { MIO_PG_CONNECTING, MIO_PG_READY, MIO_PG_FAILED };

/* `connection`, `state` and `error` may be read. The other members are the adapter's. */
struct mio_pg {
    PGconn *connection;
    enum mio_pg_state state;
    int error; /* of watching the socket, when that is what failed; 0 */
    struct mio_registry *registry;
    mio_token token;
    mio_fd fd;             /* what is watched; MIO_INVALID_FD: nothing */
    mio_interest interest; /* for what */
};

/* Watches the connection's socket. While it connects that may be another one than before, which
 * libpq has closed, and with it the registration. */
static inline void mio_pg_watch(struct mio_pg *pg, mio_interest interest, bool may_be_new)
{
    mio_fd fd = PQsocket(pg->connection);
    if (fd >= 0 && (may_be_new || fd != pg->fd || interest != pg->interest))
        pg->error = mio_registry_set(pg->registry, fd, pg->token, interest | MIO_LEVEL);
    pg->fd = fd;
    pg->interest = interest;
}

static inline void mio_pg_fail(struct mio_pg *pg)
{
    if (pg->fd >= 0 && pg->fd == PQsocket(pg->connection)) /* libpq has not closed it */
        mio_registry_set(pg->registry, pg->fd, pg->token, 0);
    pg->fd = MIO_INVALID_FD;
    pg->state = MIO_PG_FAILED;
}

/* Has what waits written as far as there is room, and the rest when there is more. Call it after
 * each PQsend...(). 0; -ECONNRESET: the connection has failed, and PQerrorMessage() says why, or it
 * is not made yet; or an error of watching. */
static inline int mio_pg_flush(struct mio_pg *pg)
{
    int left = pg->state == MIO_PG_READY ? PQflush(pg->connection) : -1;
    if (left >= 0)
        mio_pg_watch(pg, left > 0 ? MIO_READABLE | MIO_WRITABLE : MIO_READABLE, false);
    if (left >= 0 && pg->error == 0)
        return 0;
    if (pg->state != MIO_PG_CONNECTING)
        mio_pg_fail(pg);
    return pg->error < 0 ? pg->error : -ECONNRESET;
}

static inline void mio_pg_connect(struct mio_pg *pg)
{
    PostgresPollingStatusType status = PQconnectPoll(pg->connection);
    if (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING)
        mio_pg_watch(pg, status == PGRES_POLLING_READING ? MIO_READABLE : MIO_WRITABLE, true);
    else if (status == PGRES_POLLING_OK && PQsetnonblocking(pg->connection, 1) == 0)
        pg->state = MIO_PG_READY;
    else
        mio_pg_fail(pg);
    if (pg->state == MIO_PG_READY)
        mio_pg_watch(pg, MIO_READABLE, true);
    if (pg->state != MIO_PG_FAILED && pg->error < 0)
        mio_pg_fail(pg);
}

/* Frees the connection. Twice is once. */
static inline void mio_pg_close(struct mio_pg *pg)
{
    mio_pg_fail(pg);
    PQfinish(pg->connection);
    pg->connection = NULL;
}

/*
 * Starts to connect, as PQconnectStart(3) does. -ENOMEM; -EINVAL: the words are wrong, or the host
 * is unknown, which PQerrorMessage() says: `connection` is there, for mio_pg_close(). Otherwise an
 * error of watching, likewise.
 */
static inline int mio_pg_open(struct mio_pg *pg, struct mio_registry *registry, mio_token token,
                              const char *words)
{
    pg->registry = registry;
    pg->token = token;
    pg->fd = MIO_INVALID_FD;
    pg->interest = 0;
    pg->error = 0;
    pg->state = MIO_PG_CONNECTING;
    pg->connection = PQconnectStart(words);
    if (!pg->connection)
        return -ENOMEM;
    if (PQstatus(pg->connection) == CONNECTION_BAD) {
        mio_pg_fail(pg);
        return -EINVAL;
    }
    mio_pg_watch(pg, MIO_WRITABLE, true); /* as libpq wants it before the first PQconnectPoll() */
    if (pg->error < 0)
        mio_pg_fail(pg);
    return pg->error;
}

/* Takes an event of the poll's. Returns whether it was this connection's: see `state`, and take
 * results and notifications, then. */
static inline bool mio_pg_event(struct mio_pg *pg, const struct mio_event *event)
{
    if (mio_event_token(event) != pg->token)
        return false;
    if (pg->state == MIO_PG_CONNECTING)
        mio_pg_connect(pg);
    else if (pg->state == MIO_PG_READY && mio_event_may_read(event) &&
             PQconsumeInput(pg->connection) == 0)
        mio_pg_fail(pg);
    if (pg->state == MIO_PG_READY)
        mio_pg_flush(pg);
    return true;
}

/* The next result that has come (PQclear() frees it), or NULL. Whether the query is over, PQexec's
 * last NULL, is !PQisBusy() then. */
static inline PGresult *mio_pg_result(struct mio_pg *pg)
{
    return PQisBusy(pg->connection) ? NULL : PQgetResult(pg->connection);
}

#endif
