/* SPDX-License-Identifier: MIT */
/*
 * Serves the files below a directory: `http_server [DIRECTORY [ADDRESS]]`, by default the current
 * one at 127.0.0.1:0, any free port. GET and HEAD, kept alive, pipelined; SIGINT or SIGTERM stops
 * it. Symbolic links are followed. There is no time limit, so it is not for a hostile network.
 *
 * A connection has room for one request's head and one response's, and never for a body: what the
 * client did not take is read from the file again.
 */
#define _FILE_OFFSET_BITS 64

#include "http_request.h"
#include "server.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1024, ROUNDS = 32, BOTH = MIO_READABLE | MIO_WRITABLE };

struct connection {
    struct mio_tcp_stream stream;
    mio_token token;
    bool readable, writable; /* since the last event, and no EAGAIN came yet */
    bool responding;         /* a response is on its way */
    bool last;               /* after it, nothing more is answered */
    int file;                /* its body, or -1 */
    off_t offset, size;      /* of the body: sent, and in all */
    size_t head_sent, head_len;
    size_t start, end; /* of what has been read and is no answered request */
    char head[512];
    char in[HTTP_HEAD];
};

static struct mio_registry *registry;
static struct mio_slab *connections;
static int directory;
static unsigned long long accepted, requests, bytes_out;

static void close_connection(struct connection *connection)
{
    mio_slab_remove(connections, connection->token); /* from now on its token names nobody */
    mio_tcp_stream_close(&connection->stream);
    if (connection->file >= 0)
        close(connection->file);
    free(connection);
}

static void open_connection(struct mio_tcp_stream *stream)
{
    accepted++;
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection || mio_slab_insert(connections, connection, &connection->token) < 0) {
        mio_tcp_stream_close(stream);
        free(connection);
        return;
    }
    connection->file = -1;
    connection->stream = *stream;
    if (mio_source_register(&connection->stream.source, registry, connection->token, BOTH) < 0)
        close_connection(connection);
}

/* Opens what is to be sent, a regular file or a directory's index.html; returns a status. */
static int open_file(struct connection *connection, const char *path)
{
    /* O_NONBLOCK: opening a FIFO must not wait for who writes to it. */
    enum { FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };
    int at = directory, fd = -1;
    struct stat status = {.st_mode = 0};
    for (int depth = 0; depth < 2; depth++, at = fd, path = "index.html") {
        fd = openat(at, *path ? path : ".", FLAGS);
        int error = fd < 0 ? errno : 0;
        if (at != directory)
            close(at);
        if (fd < 0)
            return error == EMFILE || error == ENFILE ? 503 : error == EACCES ? 403 : 404;
        if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
            connection->file = fd;
            connection->size = status.st_size;
            return 200;
        }
        if (!S_ISDIR(status.st_mode))
            break;
    }
    close(fd);
    return 404;
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{200, "OK"},
                   {400, "Bad Request"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {431, "Request Header Fields Too Large"},
                   {503, "Service Unavailable"},
                   {505, "HTTP Version Not Supported"}};
    size_t i = 0;
    while (reasons[i].status != status)
        i++;
    return reasons[i].reason;
}

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html"},        {".css", "text/css"},   {".js", "text/javascript"},
        {".json", "application/json"}, {".txt", "text/plain"}, {".svg", "image/svg+xml"},
        {".png", "image/png"},         {".jpg", "image/jpeg"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++) {
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    }
    return *path ? "application/octet-stream" : "text/html";
}

static void respond(struct connection *connection, const struct http_request *request)
{
    int status = request->status == 200 ? open_file(connection, request->path) : request->status;
    const char *reason = reason_of(status), *type = type_of(request->path);
    bool found = status == 200;
    char date[64] = "", text[64] = "";
    time_t now = time(NULL);
    struct tm utc;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    if (!found)
        connection->size = snprintf(text, sizeof text, "%d %s\n", status, reason);
    connection->head_len = (size_t)snprintf(
        connection->head, sizeof connection->head,
        "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %lld\r\n%s%s\r\n%s",
        status, reason, date, found ? type : "text/plain", (long long)connection->size,
        status == 405 ? "Allow: GET, HEAD\r\n" : "",
        request->keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n",
        request->head_only ? "" : text);
    if (!found || request->head_only)
        connection->size = 0; /* nothing but the head, which an error's text is part of */
    connection->head_sent = 0;
    connection->offset = 0;
    connection->responding = true;
    connection->last = !request->keep_alive;
    requests++;
}
