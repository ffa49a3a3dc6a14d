/* SPDX-License-Identifier: MIT */
/* c-ares asks a name server in the same poll, which answers as the test wants it. */
#include <mio-adapters/cares.h>

#include "loop.h"

#include <netdb.h>
#include <string.h>

enum { NAME_SERVER = 1, DNS = MIO_ADAPTER_TOKENS };
enum { QUERIES = 50, HEADER = 12 };

struct setting {
    struct loop loop;
    struct mio_udp_socket server;
    struct mio_cares dns;
    int asked, unanswered; /* at the name server; how many are not answered, first */
    int answers, failures; /* at the program */
    int status;            /* of the last failure */
};

static void setting_open(struct setting *setting)
{
    struct mio_addr addr;
    char servers[32];
    memset(setting, 0, sizeof *setting);
    loop_open(&setting->loop);
    REQUIRE_EQ(mio_addr_parse("127.0.0.1:0", &addr), 0);
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &setting->server), 0);
    REQUIRE_EQ(mio_source_local_addr(&setting->server.source, &addr), 0);
    REQUIRE_EQ(mio_source_register(&setting->server.source, setting->loop.registry, NAME_SERVER,
                                   MIO_READABLE),
               0);
    struct ares_options options = {.timeout = 50, .tries = 4, .lookups = (char *)"b"};
    REQUIRE_EQ(mio_cares_open(&setting->dns, setting->loop.registry, DNS, &options,
                              ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS),
               0);
    mio_addr_format(&addr, servers, sizeof servers);
    REQUIRE_EQ(ares_set_servers_ports_csv(setting->dns.channel, servers), ARES_SUCCESS);
}

static void setting_close(struct setting *setting)
{
    mio_cares_close(&setting->dns);
    mio_source_close(&setting->server.source);
    loop_close(&setting->loop);
}

/* 10.0.0.N for "hostN.test" */
static size_t answer(unsigned char *message, size_t size)
{
    static const unsigned char record[] = {0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0};
    char label[64] = "";
    size_t length = message[HEADER];
    memcpy(label, message + HEADER + 1, length < 63 ? length : 63);
    message[2] = 0x84; /* an answer, by who knows */
    message[3] = 0;
    message[7] = 1; /* one */
    message[11] = 0;
    size_t end = HEADER;
    while (end < size && message[end] != 0)
        end += message[end] + 1u;
    end += 5; /* the type and the class of the question */
    memcpy(message + end, record, sizeof record);
    message[end + sizeof record] = (unsigned char)atoi(label + 4);
    return end + sizeof record + 1;
}

static void serve(struct setting *setting)
{
    unsigned char message[512];
    struct mio_addr peer;
    ptrdiff_t n;
    while ((n = mio_udp_socket_recv_from(&setting->server, message, 256, &peer)) > 0)
        if (++setting->asked > setting->unanswered) {
            size_t size = answer(message, (size_t)n);
            CHECK_EQ(mio_udp_socket_send_to(&setting->server, message, size, &peer), size);
        }
    CHECK_EQ(n, -EAGAIN);
}

static void run(struct setting *setting, int answers)
{
    while (setting->answers + setting->failures < answers) {
        loop_wait(&setting->loop);
        mio_events_each(event, setting->loop.events) {
            if (mio_cares_event(&setting->dns, event))
                continue;
            REQUIRE_EQ(mio_event_token(event), NAME_SERVER);
            serve(setting);
        }
    }
}

/* --- queries --- */

struct query {
    struct setting *setting;
    int number;
};

static void answered(void *user, int status, int timeouts, struct hostent *host)
{
    struct query *query = user;
    (void)timeouts;
    if (status != ARES_SUCCESS) {
        query->setting->failures++;
        query->setting->status = status;
        return;
    }
    query->setting->answers++;
    CHECK_EQ((unsigned char)host->h_addr_list[0][3], query->number);
}

static void ask(struct setting *setting, struct query *query, int number)
{
    char name[32];
    snprintf(name, sizeof name, "host%d.test", number);
    *query = (struct query){setting, number};
    ares_gethostbyname(setting->dns.channel, name, AF_INET, answered, query);
}

TEST(cares_many_queries_are_answered_at_once)
{
    struct setting setting;
    struct query queries[QUERIES];
    setting_open(&setting);
    for (int i = 0; i < QUERIES; i++)
        ask(&setting, &queries[i], i);
    CHECK_EQ(mio_cares_update(&setting.dns), 0);
    run(&setting, QUERIES);
    CHECK_EQ(setting.answers, QUERIES);
    int64_t deadline;
    CHECK_EQ(mio_poll_next_deadline(setting.loop.poll, &deadline), 0);
    CHECK_EQ(deadline, MIO_FOREVER); /* and no timer is left */
    setting_close(&setting);
}

TEST(cares_query_that_is_lost_is_asked_again)
{
    struct setting setting;
    struct query query;
    setting_open(&setting);
    setting.unanswered = 1;
    ask(&setting, &query, 7);
    CHECK_EQ(mio_cares_update(&setting.dns), 0);
    run(&setting, 1);
    CHECK_EQ(setting.answers, 1);
    CHECK(setting.asked >= 2);
    setting_close(&setting);
}

TEST(cares_server_that_is_silent_is_a_timeout)
{
    struct setting setting;
    struct query query;
    setting_open(&setting);
    setting.unanswered = 1000;
    ask(&setting, &query, 7);
    CHECK_EQ(mio_cares_update(&setting.dns), 0);
    run(&setting, 1);
    CHECK_EQ(setting.failures, 1);
    CHECK_EQ(setting.status, ARES_ETIMEOUT);
    setting_close(&setting);
}

TEST(cares_closing_ends_what_was_asked)
{
    struct setting setting;
    struct query query;
    setting_open(&setting);
    ask(&setting, &query, 7);
    CHECK_EQ(mio_cares_update(&setting.dns), 0);
    setting_close(&setting);
    CHECK_EQ(setting.failures, 1);
    CHECK_EQ(setting.status, ARES_EDESTRUCTION);
}
