/* SPDX-License-Identifier: MIT */
/*
 * Fetches a page: `https_client ADDRESS HOST [PATH]`, as `https_client 93.184.215.14:443 example.org`.
 * The certificate is checked against HOST and the system's authorities, or the file that the
 * variable SSL_CERT_FILE names.
 */
#include <mio-adapters/openssl.h>
#include <mio.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mio_tcp_stream stream;
static struct mio_tls tls;
static struct mio_buffered *buffered; /* when the handshake is done */

static int check(int result, const char *what)
{
    if (result >= 0)
        return result;
    fprintf(stderr, "https_client: %s: %s\n", what, strerror(-result));
    if (result == -EPROTO)
        ERR_print_errors_fp(stderr);
    exit(EXIT_FAILURE);
}

/* Returns true when the answer has ended. */
static bool print_answer(void)
{
    const char *bytes;
    size_t length;
    while (check(mio_buffered_some(buffered, &bytes, &length), "read") > 0)
        fwrite(bytes, 1, length, stdout);
    return mio_buffered_has_ended(buffered);
}

static void send_request(const char *host, const char *path)
{
    char request[2048];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);
    check(length < (int)sizeof request ? 0 : -EMSGSIZE, path);
    check(mio_buffered_new(&mio_tls_io, &tls, NULL, &buffered), "buffered");
    check(mio_buffered_write(buffered, request, (size_t)length), "write");
}

/* Whatever the event was of, the connection goes on as far as it can. True: the handshake is done. */
static bool is_connected(void)
{
    int error = mio_tcp_stream_finish_connect(&stream);
    if (error == 0)
        error = mio_tls_handshake(&tls);
    if (error != -EAGAIN && error != -EINPROGRESS)
        check(error, "connect");
    return error == 0;
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_addr addr;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    check(argc >= 3 && context ? 0 : -EINVAL, "usage: https_client ADDRESS HOST [PATH]");
    SSL_CTX_set_default_verify_paths(context);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    check(mio_addr_parse(argv[1], &addr), argv[1]);
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(4, NULL, &events), "events");
    check(mio_tcp_stream_connect(&addr, NULL, &stream), argv[1]);
    check(mio_source_register(&stream.source, mio_poll_registry(poll), 0,
                              MIO_READABLE | MIO_WRITABLE),
          "register");
    check(mio_tls_init_client(&tls, context, &stream, argv[2]), argv[2]);
    int64_t deadline = mio_now() + MIO_SECONDS(30);
    for (bool done = false; !done;) {
        check(mio_poll_wait_until(poll, events, deadline) > 0 ? 0 : -ETIMEDOUT, argv[1]);
        if (!buffered && is_connected())
            send_request(argv[2], argc > 3 ? argv[3] : "/");
        mio_events_each(event, events)
            if (buffered)
                check(mio_buffered_event(buffered, event), "write");
        done = buffered && print_answer();
    }
    mio_tls_shutdown(&tls);
    mio_buffered_free(buffered);
    mio_tls_free(&tls);
    mio_source_close(&stream.source);
    SSL_CTX_free(context);
    mio_events_free(events);
    mio_poll_free(poll);
    return EXIT_SUCCESS;
}
