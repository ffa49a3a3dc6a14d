/* SPDX-License-Identifier: MIT */
/*
 * TLS by OpenSSL (1.1.1 and later) over a struct mio_tcp_stream, edge-triggered.
 *
 *   mio_source_register(&stream.source, registry, token, MIO_READABLE | MIO_WRITABLE);
 *   mio_tls_init_client(&tls, context, &stream, "example.org");
 *   ...
 *   int error = mio_tls_handshake(&tls);       // at each event, until it is not -EAGAIN
 *   ptrdiff_t n = mio_tls_read(&tls, buffer, sizeof buffer);  // until -EAGAIN, as any stream
 *
 * The stream is the program's: it registers it for both directions, once, and closes it after
 * mio_tls_free(). Stream and struct mio_tls must stay where they are. OpenSSL reads and writes by
 * mio_tcp_stream_read() and mio_tcp_stream_write(), so every selector gives the next edge, and
 * SIGPIPE is never raised.
 *
 * RESULTS are those of mio/io.h: a count, 0 for the end of reading, -EAGAIN, or -errno. Two are
 * TLS's. -EPROTO: the handshake or a record was refused; ERR_get_error(3) and
 * SSL_get_verify_result(3) say why. -ECONNRESET: the peer has ended the connection without saying
 * so in TLS, and what it sent may have been cut.
 *
 * EDGES. A read may have to write first, and a write to read, but only until the handshake is done:
 * renegotiation is off. So call mio_tls_handshake() until it is 0; then a readable event is for
 * reading and a writable one for writing. OpenSSL keeps decrypted bytes that no event tells of:
 * read until -EAGAIN, and not until a read is short.
 *
 * A write that was -EAGAIN has taken the bytes already, as far as the cipher is concerned: the next
 * write begins with the same bytes, at least as many. They may have moved. A buffered stream does
 * so by itself (mio/buffered.h), when the handshake is done:
 *
 *   mio_buffered_new(&mio_tls_io, &tls, NULL, &buffered);
 *
 * Calls for one struct mio_tls must not overlap, reading and writing neither.
 */
#ifndef MIO_ADAPTERS_OPENSSL_H
#define MIO_ADAPTERS_OPENSSL_H

#include <mio/buffered.h>
#include <mio/tcp.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <limits.h>

/* `ssl` may be used for what is not here: SSL_get_peer_certificate(), ALPN, sessions. The other
 * members are the adapter's. */
struct mio_tls {
    SSL *ssl;
    struct mio_tcp_stream *stream;
    int error;      /* of the stream, if it ended the last call; 0: it did not */
    bool has_ended; /* the stream was read to its end */
    bool is_broken; /* OpenSSL allows no further call */
};

/* --- the stream, as OpenSSL sees it --- */

static inline int mio_tls_bio_result(BIO *bio, ptrdiff_t n, int retry)
{
    struct mio_tls *tls = (struct mio_tls *)BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (n == -EAGAIN)
        BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
    else if (n < 0)
        tls->error = (int)n;
    return n < 0 ? -1 : (int)n;
}

static inline int mio_tls_bio_read(BIO *bio, char *buffer, int size)
{
    struct mio_tls *tls = (struct mio_tls *)BIO_get_data(bio);
    ptrdiff_t n = mio_tcp_stream_read(tls->stream, buffer, (size_t)size);
    tls->has_ended = tls->has_ended || (n == 0 && size > 0);
    return mio_tls_bio_result(bio, n, BIO_FLAGS_READ);
}

static inline int mio_tls_bio_write(BIO *bio, const char *bytes, int size)
{
    struct mio_tls *tls = (struct mio_tls *)BIO_get_data(bio);
    return mio_tls_bio_result(bio, mio_tcp_stream_write(tls->stream, bytes, (size_t)size),
                              BIO_FLAGS_WRITE);
}

static inline long mio_tls_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    struct mio_tls *tls = (struct mio_tls *)BIO_get_data(bio);
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return tls && tls->has_ended;
    return command == BIO_CTRL_FLUSH;
}

/* One for each source file that includes this, and for as long as the program runs. */
static BIO_METHOD *mio_tls_method;
static CRYPTO_ONCE mio_tls_method_once = CRYPTO_ONCE_STATIC_INIT;

static inline void mio_tls_make_method(void)
{
    BIO_METHOD *method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "struct mio_tcp_stream");
    if (method && BIO_meth_set_read(method, mio_tls_bio_read) &&
        BIO_meth_set_write(method, mio_tls_bio_write) &&
        BIO_meth_set_ctrl(method, mio_tls_bio_ctrl))
        mio_tls_method = method;
    else
        BIO_meth_free(method);
}

static inline BIO *mio_tls_new_bio(struct mio_tls *tls)
{
    if (!CRYPTO_THREAD_run_once(&mio_tls_method_once, mio_tls_make_method) || !mio_tls_method)
        return NULL;
    BIO *bio = BIO_new(mio_tls_method);
    if (bio) {
        BIO_set_data(bio, tls);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* --- making and freeing --- */

static inline int mio_tls_init(struct mio_tls *tls, SSL_CTX *context, struct mio_tcp_stream *stream)
{
    tls->stream = stream;
    tls->error = 0;
    tls->has_ended = tls->is_broken = false;
    tls->ssl = SSL_new(context);
    BIO *bio = tls->ssl ? mio_tls_new_bio(tls) : NULL;
    if (!bio) {
        SSL_free(tls->ssl);
        tls->ssl = NULL;
        return -ENOMEM;
    }
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_mode(tls->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_options(tls->ssl, SSL_OP_NO_RENEGOTIATION);
    return 0;
}

/* Makes the accepting end. The context has certificate and key. -ENOMEM. */
static inline int mio_tls_init_server(struct mio_tls *tls, SSL_CTX *context,
                                      struct mio_tcp_stream *stream)
{
    int error = mio_tls_init(tls, context, stream);
    if (error == 0)
        SSL_set_accept_state(tls->ssl);
    return error;
}

/* Frees it; the stream is left open. Twice is once. */
static inline void mio_tls_free(struct mio_tls *tls)
{
    SSL_free(tls->ssl);
    tls->ssl = NULL;
}

/*
 * Makes the connecting end. `host` is the name, or the IP address as text, that the certificate must
 * have, where the context verifies (SSL_VERIFY_PEER); a name is sent to the server as well. NULL:
 * any certificate that the context accepts will do. -ENOMEM. -EINVAL: `host` is no name.
 */
static inline int mio_tls_init_client(struct mio_tls *tls, SSL_CTX *context,
                                      struct mio_tcp_stream *stream, const char *host)
{
    int error = mio_tls_init(tls, context, stream);
    if (error < 0)
        return error;
    SSL_set_connect_state(tls->ssl);
    if (!host || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), host) == 1)
        return 0;
    if (SSL_set1_host(tls->ssl, host) == 1 && SSL_set_tlsext_host_name(tls->ssl, host) == 1)
        return 0;
    mio_tls_free(tls);
    return -EINVAL;
}

/* --- moving bytes --- */

/* The result of a call of OpenSSL's that returned `result`. */
static inline ptrdiff_t mio_tls_result(struct mio_tls *tls, int result)
{
    int kind = SSL_get_error(tls->ssl, result);
    if (result > 0)
        return result;
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
        return -EAGAIN;
    if (kind == SSL_ERROR_ZERO_RETURN)
        return 0;
    tls->is_broken = true;
    if (tls->error == 0)
        tls->error = tls->has_ended ? -ECONNRESET : -EPROTO;
    return tls->error;
}

static inline int mio_tls_size(size_t size)
{
    return size < INT_MAX ? (int)size : INT_MAX;
}

/* Goes on with the handshake. 0: it is done. -EAGAIN: call again at the next event. */
static inline int mio_tls_handshake(struct mio_tls *tls)
{
    int saved = errno;
    ptrdiff_t n = tls->error;
    if (!tls->is_broken) {
        ERR_clear_error();
        n = mio_tls_result(tls, SSL_do_handshake(tls->ssl));
        n = n == 0 ? -ECONNRESET : n;
    }
    errno = saved;
    return n < 0 ? (int)n : 0;
}

/* Reads at most `size` bytes. 0: the peer has ended its half, in TLS. */
static inline ptrdiff_t mio_tls_read(struct mio_tls *tls, void *buffer, size_t size)
{
    int saved = errno;
    ptrdiff_t n = tls->error;
    if (size == 0)
        return 0;
    if (!tls->is_broken) {
        ERR_clear_error();
        n = mio_tls_result(tls, SSL_read(tls->ssl, buffer, mio_tls_size(size)));
    }
    errno = saved;
    return n;
}

/* Writes some of `size` bytes. -EPIPE: this half was ended, or the stream takes no more. */
static inline ptrdiff_t mio_tls_write(struct mio_tls *tls, const void *bytes, size_t size)
{
    int saved = errno;
    ptrdiff_t n = tls->error;
    if (size == 0)
        return 0;
    if (!tls->is_broken) {
        bool was_ended = (SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN) != 0;
        ERR_clear_error();
        n = was_ended ? -EPIPE
                      : mio_tls_result(tls, SSL_write(tls->ssl, bytes, mio_tls_size(size)));
    }
    errno = saved;
    return n;
}

/*
 * Ends this half: the peer reads what was written, and then 0. 0: it is said. -EAGAIN: call again
 * when the stream is writable. Reading goes on until it is 0, which says that the peer has ended its
 * half. A program that is done calls this, may stop reading, and closes the stream.
 */
static inline int mio_tls_shutdown(struct mio_tls *tls)
{
    int saved = errno;
    ptrdiff_t n = tls->error;
    if (!tls->is_broken) {
        ERR_clear_error();
        int result = SSL_shutdown(tls->ssl);
        n = result >= 0 ? 0 : mio_tls_result(tls, result);
    }
    errno = saved;
    return (int)n;
}

/* --- the buffered stream --- */

static inline ptrdiff_t mio_tls_buffered_read(void *tls, void *buffer, size_t size)
{
    return mio_tls_read((struct mio_tls *)tls, buffer, size);
}

static inline ptrdiff_t mio_tls_buffered_write(void *tls, const void *bytes, size_t size)
{
    return mio_tls_write((struct mio_tls *)tls, bytes, size);
}

static const struct mio_buffered_io mio_tls_io = {
    mio_tls_buffered_read, mio_tls_buffered_write, true, {0, 0}};

#endif
