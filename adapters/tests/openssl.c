/* SPDX-License-Identifier: MIT */
/* TLS over loopback: both ends by the adapter, and the server of openssl(1). */
#include <mio-adapters/openssl.h>

#include "certificate.h"
#include "loop.h"
#include "program.h"

#include <openssl/pem.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER, CLIENT, ENDS };
enum { LARGE = 4 << 20, PIECE = 20000 };

struct end {
    struct mio_tcp_stream stream;
    struct mio_tls tls;
    bool may_read, may_write;
    size_t sent, received;
    uint32_t sum; /* of what was received */
    bool has_ended, is_shut;
    int handshake;
};

struct pair {
    struct loop loop;
    struct contexts contexts;
    struct end ends[ENDS];
};

static void open_end(struct pair *pair, int which)
{
    struct end *end = &pair->ends[which];
    end->handshake = -EAGAIN;
    REQUIRE_EQ(mio_source_register(&end->stream.source, pair->loop.registry, (mio_token)which,
                                   MIO_READABLE | MIO_WRITABLE),
               0);
}

static void connect_streams(struct pair *pair)
{
    struct mio_tcp_listener listener;
    struct mio_addr addr;
    REQUIRE_EQ(mio_addr_parse("127.0.0.1:0", &addr), 0);
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, NULL, &listener), 0);
    REQUIRE_EQ(mio_source_local_addr(&listener.source, &addr), 0);
    REQUIRE_EQ(mio_tcp_stream_connect(&addr, NULL, &pair->ends[CLIENT].stream), 0);
    int error;
    while ((error = mio_tcp_listener_accept(&listener, &pair->ends[SERVER].stream, NULL)) ==
           -EAGAIN)
        ;
    REQUIRE_EQ(error, 0);
    mio_source_close(&listener.source);
    open_end(pair, SERVER);
    open_end(pair, CLIENT);
}

static void pair_open(struct pair *pair, int version, const char *host)
{
    memset(pair, 0, sizeof *pair);
    loop_open(&pair->loop);
    contexts_open(&pair->contexts, version);
    connect_streams(pair);
    REQUIRE_EQ(mio_tls_init_server(&pair->ends[SERVER].tls, pair->contexts.server,
                                   &pair->ends[SERVER].stream),
               0);
    REQUIRE_EQ(mio_tls_init_client(&pair->ends[CLIENT].tls, pair->contexts.client,
                                   &pair->ends[CLIENT].stream, host),
               0);
}

static void pair_close(struct pair *pair)
{
    for (int i = 0; i < ENDS; i++) {
        mio_tls_free(&pair->ends[i].tls);
        mio_source_close(&pair->ends[i].stream.source); /* or it is closed already */
    }
    contexts_close(&pair->contexts);
    loop_close(&pair->loop);
}

static void collect(struct pair *pair)
{
    loop_wait(&pair->loop);
    mio_events_each(event, pair->loop.events) {
        struct end *end = &pair->ends[mio_event_token(event)];
        end->may_read |= mio_event_may_read(event);
        end->may_write |= mio_event_may_write(event);
    }
}

/* Until neither end has more to do. */
static void handshake(struct pair *pair)
{
    struct end *ends = pair->ends;
    while (ends[SERVER].handshake == -EAGAIN || ends[CLIENT].handshake == -EAGAIN) {
        collect(pair);
        for (int i = 0; i < ENDS; i++)
            if (ends[i].handshake == -EAGAIN)
                ends[i].handshake = mio_tls_handshake(&ends[i].tls);
    }
}

/* Its bytes are counted, so that a lost or a doubled one is noticed. */
static void send_some(struct end *end, size_t size)
{
    unsigned char bytes[PIECE];
    while (end->may_write && end->sent < size) {
        size_t length = size - end->sent < PIECE ? size - end->sent : PIECE;
        for (size_t i = 0; i < length; i++)
            bytes[i] = (unsigned char)((end->sent + i) * 7 % 251);
        ptrdiff_t n = mio_tls_write(&end->tls, bytes, length);
        end->may_write = n != -EAGAIN;
        REQUIRE(n > 0 || n == -EAGAIN);
        end->sent += n > 0 ? (size_t)n : 0;
    }
    if (end->sent == size && !end->is_shut)
        end->is_shut = mio_tls_shutdown(&end->tls) == 0;
}

static void receive_some(struct end *end)
{
    unsigned char bytes[PIECE];
    while (end->may_read && !end->has_ended) {
        ptrdiff_t n = mio_tls_read(&end->tls, bytes, sizeof bytes);
        end->may_read = n != -EAGAIN;
        REQUIRE(n >= 0 || n == -EAGAIN);
        end->has_ended = n == 0;
        for (ptrdiff_t i = 0; i < n; i++)
            REQUIRE(bytes[i] == (unsigned char)((end->received + (size_t)i) * 7 % 251));
        end->received += n > 0 ? (size_t)n : 0;
    }
}

static void transfer(struct pair *pair, size_t from_server, size_t from_client)
{
    struct end *ends = pair->ends;
    for (;;) {
        receive_some(&ends[SERVER]);
        receive_some(&ends[CLIENT]);
        send_some(&ends[SERVER], from_server);
        send_some(&ends[CLIENT], from_client);
        if (ends[SERVER].has_ended && ends[CLIENT].has_ended)
            return;
        collect(pair);
    }
}

static void check_transfer(int version)
{
    struct pair pair;
    pair_open(&pair, version, "localhost");
    handshake(&pair);
    CHECK_EQ(pair.ends[SERVER].handshake, 0);
    CHECK_EQ(pair.ends[CLIENT].handshake, 0);
    transfer(&pair, LARGE, LARGE);
    CHECK_EQ(pair.ends[SERVER].received, LARGE);
    CHECK_EQ(pair.ends[CLIENT].received, LARGE);
    CHECK_EQ(mio_tls_write(&pair.ends[CLIENT].tls, "x", 1), -EPIPE);
    CHECK_EQ(mio_tls_read(&pair.ends[CLIENT].tls, &version, sizeof version), 0);
    pair_close(&pair);
}

TEST(tls_moves_megabytes_both_ways_and_ends_each_half)
{
    check_transfer(0);
    check_transfer(TLS1_2_VERSION);
}

TEST(tls_half_that_has_ended_leaves_the_other_open)
{
    struct pair pair;
    char byte;
    pair_open(&pair, 0, "127.0.0.1");
    handshake(&pair);
    struct mio_tls *client = &pair.ends[CLIENT].tls;
    struct mio_tls *server = &pair.ends[SERVER].tls;
    CHECK_EQ(mio_tls_shutdown(client), 0);
    ptrdiff_t n;
    while ((n = mio_tls_read(server, &byte, 1)) == -EAGAIN)
        collect(&pair);
    CHECK_EQ(n, 0);
    CHECK_EQ(mio_tls_write(server, "yes", 3), 3);
    while ((n = mio_tls_read(client, &byte, 1)) == -EAGAIN)
        collect(&pair);
    CHECK_EQ(n, 1);
    CHECK_EQ(byte, 'y');
    pair_close(&pair);
}

static void check_vanished(bool resets)
{
    struct pair pair;
    char byte;
    ptrdiff_t n;
    pair_open(&pair, 0, "localhost");
    handshake(&pair);
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (resets)
        setsockopt(pair.ends[SERVER].stream.source.fd, SOL_SOCKET, SO_LINGER, &linger,
                   sizeof linger);
    mio_source_close(&pair.ends[SERVER].stream.source);
    struct mio_tls *client = &pair.ends[CLIENT].tls;
    while ((n = mio_tls_read(client, &byte, 1)) == -EAGAIN)
        collect(&pair);
    CHECK_EQ(n, -ECONNRESET);
    CHECK_EQ(mio_tls_read(client, &byte, 1), -ECONNRESET); /* and for good */
    CHECK_EQ(mio_tls_shutdown(client), -ECONNRESET);
    pair_close(&pair);
}

TEST(tls_peer_that_vanishes_is_no_end)
{
    check_vanished(false);
    check_vanished(true);
}

TEST(tls_writing_to_a_peer_that_is_gone_raises_no_signal)
{
    struct pair pair;
    char bytes[PIECE] = "";
    ptrdiff_t n;
    pair_open(&pair, 0, "localhost");
    handshake(&pair);
    mio_source_close(&pair.ends[SERVER].stream.source);
    while ((n = mio_tls_write(&pair.ends[CLIENT].tls, bytes, sizeof bytes)) > 0 || n == -EAGAIN)
        if (n < 0)
            collect(&pair);
    CHECK(n == -EPIPE || n == -ECONNRESET);
    pair_close(&pair);
}

TEST(tls_certificate_of_another_name_is_refused)
{
    struct pair pair;
    pair_open(&pair, 0, "example.org");
    handshake(&pair);
    CHECK_EQ(pair.ends[CLIENT].handshake, -EPROTO);
    CHECK_EQ(SSL_get_verify_result(pair.ends[CLIENT].tls.ssl), X509_V_ERR_HOSTNAME_MISMATCH);
    pair_close(&pair);
    ERR_clear_error();
}

/* --- openssl(1) --- */

static void write_pem(const struct contexts *contexts, const char *path)
{
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    PEM_write_X509(file, contexts->certificate);
    PEM_write_PrivateKey(file, contexts->key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
}

static void connect_to(struct pair *pair, unsigned port)
{
    char text[32];
    struct mio_addr addr;
    struct end *end = &pair->ends[CLIENT];
    snprintf(text, sizeof text, "127.0.0.1:%u", port);
    REQUIRE_EQ(mio_addr_parse(text, &addr), 0);
    REQUIRE_EQ(mio_tcp_stream_connect(&addr, NULL, &end->stream), 0);
    open_end(pair, CLIENT);
    int error;
    while ((error = mio_tcp_stream_finish_connect(&end->stream)) == -EINPROGRESS)
        collect(pair);
    REQUIRE_EQ(error, 0);
    REQUIRE_EQ(mio_tls_init_client(&end->tls, pair->contexts.client, &end->stream, "localhost"), 0);
    while ((error = mio_tls_handshake(&end->tls)) == -EAGAIN)
        collect(pair);
    REQUIRE_EQ(error, 0);
}

/* Sends lines, and has each back with its letters in reverse. */
static void converse(struct pair *pair, struct mio_buffered *buffered, int lines)
{
    const char *line;
    size_t length;
    for (int i = 0; i < lines; i++)
        REQUIRE_EQ(mio_buffered_write(buffered, "drawer\n", 7), 0);
    for (int i = 0; i < lines;) {
        int result;
        while ((result = mio_buffered_line(buffered, &line, &length)) > 0) {
            i++;
            REQUIRE(length == 6 && memcmp(line, "reward", 6) == 0);
        }
        REQUIRE_EQ(result, 0);
        if (i == lines)
            return;
        loop_wait(&pair->loop);
        mio_events_each(event, pair->loop.events)
            REQUIRE_EQ(mio_buffered_event(buffered, event), 0);
    }
}

TEST(tls_buffered_stream_talks_to_openssl_s_server)
{
    struct pair pair = {.ends[SERVER].stream.source.fd = MIO_INVALID_FD};
    char path[] = "/tmp/mio-adapters-XXXXXX";
    loop_open(&pair.loop);
    contexts_open(&pair.contexts, 0);
    int file = mkstemp(path);
    REQUIRE(file >= 0);
    close(file);
    write_pem(&pair.contexts, path);
    const char *const command[] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                                   path,      "-key",     path,      "-rev",        NULL};
    struct program program;
    program_start(&program, command);
    connect_to(&pair, program_port(&program, "ACCEPT 127.0.0.1:"));
    struct mio_buffered *buffered;
    REQUIRE_EQ(mio_buffered_new(&mio_tls_io, &pair.ends[CLIENT].tls, NULL, &buffered), 0);
    converse(&pair, buffered, 500);
    mio_buffered_free(buffered);
    CHECK_EQ(mio_tls_shutdown(&pair.ends[CLIENT].tls), 0);
    program_stop(&program);
    unlink(path);
    pair_close(&pair);
}
