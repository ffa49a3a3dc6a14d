/* SPDX-License-Identifier: MIT */
/*
 * Writes the notifications of a channel: `postgres_listener WORDS CHANNEL [COUNT]`, as
 * `postgres_listener "dbname=shop" orders`, and ends after COUNT of them.
 */
#include <mio-adapters/libpq.h>
#include <mio.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATABASE = 1 };

static struct mio_pg pg;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "postgres_listener: %s: %s\n", what, strerror(-result));
        if (pg.connection)
            fprintf(stderr, "%s", PQerrorMessage(pg.connection));
        exit(EXIT_FAILURE);
    }
}

static void listen_to(const char *channel)
{
    char text[256];
    char *name = PQescapeIdentifier(pg.connection, channel, strlen(channel));
    check(name ? 0 : -EINVAL, channel);
    snprintf(text, sizeof text, "LISTEN %s", name);
    PQfreemem(name);
    check(PQsendQuery(pg.connection, text) ? 0 : -EPROTO, "LISTEN");
    check(mio_pg_flush(&pg), "LISTEN");
}

/* Takes what has come. Returns how many notifications there were. */
static long take(void)
{
    PGresult *result;
    PGnotify *notify;
    long count = 0;
    while ((result = mio_pg_result(&pg)) != NULL) {
        check(PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : -EPROTO, "LISTEN");
        fprintf(stderr, "listening\n");
        PQclear(result);
    }
    while ((notify = PQnotifies(pg.connection)) != NULL) {
        printf("%s: %s\n", notify->relname, notify->extra);
        fflush(stdout);
        PQfreemem(notify);
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    check(argc >= 3 ? 0 : -EINVAL, "usage: postgres_listener WORDS CHANNEL [COUNT]");
    long left = argc > 3 ? strtol(argv[3], NULL, 10) : -1; /* -1: for ever */
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(16, NULL, &events), "events");
    check(mio_pg_open(&pg, mio_poll_registry(poll), DATABASE, argv[1]), argv[1]);
    for (bool listens = false; left != 0;) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events)
            mio_pg_event(&pg, event);
        check(pg.state == MIO_PG_FAILED ? -ECONNRESET : 0, argv[1]);
        if (pg.state == MIO_PG_READY && !listens)
            listen_to(argv[2]);
        listens |= pg.state == MIO_PG_READY;
        for (long n = listens ? take() : 0; n > 0 && left != 0; n--)
            left -= left > 0;
    }
    mio_pg_close(&pg);
    mio_events_free(events);
    mio_poll_free(poll);
    return EXIT_SUCCESS;
}
