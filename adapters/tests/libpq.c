/* SPDX-License-Identifier: MIT */
/* libpq and the PostgreSQL that libpq.sh has started, whose folder is in PGHOST. */
#include <mio-adapters/libpq.h>

#include "loop.h"

#include <string.h>

enum { DATABASE = 5, OTHER = 6, ROWS = 20000, LONG_TEXT = 4000000 };

struct setting {
    struct loop loop;
    struct mio_pg pg;
    struct mio_pg other;
};

static void step(struct setting *setting)
{
    loop_wait(&setting->loop);
    mio_events_each(event, setting->loop.events)
        REQUIRE(mio_pg_event(&setting->pg, event) || mio_pg_event(&setting->other, event));
}

static void connect_one(struct setting *setting, struct mio_pg *pg, mio_token token)
{
    REQUIRE_EQ(mio_pg_open(pg, setting->loop.registry, token, "user=test dbname=postgres"), 0);
    while (pg->state == MIO_PG_CONNECTING)
        step(setting);
    if (pg->state == MIO_PG_FAILED)
        fprintf(stderr, "%s", PQerrorMessage(pg->connection));
    REQUIRE_EQ(pg->state, MIO_PG_READY);
}

static void setting_open(struct setting *setting)
{
    if (!getenv("PGHOST"))
        SKIP("libpq.sh starts the server");
    memset(setting, 0, sizeof *setting);
    loop_open(&setting->loop);
    connect_one(setting, &setting->pg, DATABASE);
}

static void setting_close(struct setting *setting)
{
    if (setting->other.connection)
        mio_pg_close(&setting->other);
    mio_pg_close(&setting->pg);
    loop_close(&setting->loop);
}

/* Sends a query and waits for its end. Returns the last result, to be cleared. */
static PGresult *query(struct setting *setting, struct mio_pg *pg, const char *text)
{
    PGresult *last = NULL;
    REQUIRE_EQ(PQsendQuery(pg->connection, text), 1);
    CHECK_EQ(mio_pg_flush(pg), 0);
    for (;;) {
        PGresult *result = mio_pg_result(pg);
        if (result) {
            PQclear(last);
            last = result;
        } else if (!PQisBusy(pg->connection)) {
            return last;
        } else {
            step(setting);
            REQUIRE_EQ(pg->state, MIO_PG_READY);
        }
    }
}

static void run_command(struct setting *setting, struct mio_pg *pg, const char *text)
{
    PGresult *result = query(setting, pg, text);
    CHECK_EQ(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
}

TEST(pg_query_of_many_rows_does_not_block)
{
    struct setting setting;
    setting_open(&setting);
    PGresult *result =
        query(&setting, &setting.pg, "SELECT generate_series(1, 20000), repeat('x', 50)");
    CHECK_EQ(PQresultStatus(result), PGRES_TUPLES_OK);
    CHECK_EQ(PQntuples(result), ROWS);
    CHECK_STR(PQgetvalue(result, ROWS - 1, 0), "20000");
    PQclear(result);
    setting_close(&setting);
}

TEST(pg_query_that_does_not_fit_is_written_by_and_by)
{
    struct setting setting;
    setting_open(&setting);
    char *text = malloc(LONG_TEXT + 64);
    REQUIRE(text != NULL);
    strcpy(text, "SELECT length('");
    size_t start = strlen(text);
    memset(text + start, 'y', LONG_TEXT);
    strcpy(text + start + LONG_TEXT, "')");
    PGresult *result = query(&setting, &setting.pg, text);
    CHECK_EQ(PQresultStatus(result), PGRES_TUPLES_OK);
    CHECK_STR(PQgetvalue(result, 0, 0), "4000000");
    PQclear(result);
    free(text);
    setting_close(&setting);
}

TEST(pg_listener_is_notified)
{
    struct setting setting;
    setting_open(&setting);
    connect_one(&setting, &setting.other, OTHER);
    run_command(&setting, &setting.pg, "LISTEN news");
    run_command(&setting, &setting.other, "NOTIFY news, 'hello'");
    PGnotify *notify;
    while ((notify = PQnotifies(setting.pg.connection)) == NULL)
        step(&setting);
    CHECK_STR(notify->relname, "news");
    CHECK_STR(notify->extra, "hello");
    PQfreemem(notify);
    setting_close(&setting);
}

TEST(pg_error_of_a_query_leaves_the_connection)
{
    struct setting setting;
    setting_open(&setting);
    PGresult *result = query(&setting, &setting.pg, "SELECT nonsense");
    CHECK_EQ(PQresultStatus(result), PGRES_FATAL_ERROR);
    PQclear(result);
    result = query(&setting, &setting.pg, "SELECT 1");
    CHECK_EQ(PQresultStatus(result), PGRES_TUPLES_OK);
    PQclear(result);
    setting_close(&setting);
}

TEST(pg_server_that_ends_the_connection_is_a_failure)
{
    struct setting setting;
    char text[64];
    setting_open(&setting);
    connect_one(&setting, &setting.other, OTHER);
    snprintf(text, sizeof text, "SELECT pg_terminate_backend(%d)",
             PQbackendPID(setting.pg.connection));
    PQclear(query(&setting, &setting.other, text));
    while (setting.pg.state == MIO_PG_READY)
        step(&setting);
    CHECK_EQ(setting.pg.state, MIO_PG_FAILED);
    CHECK_EQ(mio_pg_flush(&setting.pg), -ECONNRESET);
    setting_close(&setting);
}

TEST(pg_server_that_is_not_there_is_a_failure)
{
    struct setting setting;
    struct mio_pg pg;
    setting_open(&setting);
    int error = mio_pg_open(&pg, setting.loop.registry, OTHER, "host=/nowhere user=test");
    CHECK_EQ(error, -EINVAL);
    CHECK_EQ(pg.state, MIO_PG_FAILED);
    mio_pg_close(&pg);
    CHECK_EQ(mio_pg_open(&pg, setting.loop.registry, OTHER, "no such word"), -EINVAL);
    mio_pg_close(&pg);
    error = mio_pg_open(&pg, setting.loop.registry, OTHER, "hostaddr=127.0.0.1 port=1 user=test");
    while (error == 0 && pg.state == MIO_PG_CONNECTING) {
        loop_wait(&setting.loop);
        mio_events_each(event, setting.loop.events)
            mio_pg_event(&pg, event);
    }
    CHECK_EQ(pg.state, MIO_PG_FAILED);
    mio_pg_close(&pg);
    setting_close(&setting);
}
