/* SPDX-License-Identifier: MIT */
/* Opens what an HTTP/1 request asks for, and writes the head of the response; of an error's the
 * text too, which is all there is. */
#ifndef EXAMPLES_HTTP_RESPONSE_H
#define EXAMPLES_HTTP_RESPONSE_H

#include "http_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HTTP_RESPONSE = 512 }; /* room for any head */

/* Opens a regular file below a directory, or the index.html of one, which `path` then names.
 * Returns a status, 200 when `file` and `size` are set. */
static inline int http_open(int directory, const char **path, int *file, off_t *size)
{
    /* O_NONBLOCK: opening a FIFO must not wait for who writes to it. */
    enum { FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };
    struct stat about = {.st_mode = 0};
    int fd = openat(directory, **path ? *path : ".", FLAGS);
    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) {
        int parent = fd;
        *path = "index.html";
        fd = openat(parent, *path, FLAGS);
        close(parent);
    }
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE ? 503 : errno == EACCES ? 403 : 404;
    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
        close(fd);
        return 404;
    }
    *file = fd;
    *size = about.st_size;
    return 200;
}

static inline const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

static inline const char *http_type(const char *path)
{
    static const char *const types[][2] = {
        {".css", "text/css"},       {".html", "text/html"}, {".jpg", "image/jpeg"},
        {".js", "text/javascript"}, {".png", "image/png"},  {".json", "application/json"},
        {".svg", "image/svg+xml"},  {".txt", "text/plain"},
    };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++) {
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    }
    return "application/octet-stream";
}

/* `path` names what is sent and `length` is its size; neither is looked at unless the status is
 * 200. Returns the length of the head. */
static inline size_t http_respond(const struct http_request *request, int status, const char *path,
                                  long long length, char *head)
{
    char date[64] = "", text[64] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc))
        strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    if (status != 200)
        length = snprintf(text, sizeof text, "%d %s\n", status, http_reason(status));
    return (size_t)snprintf(
        head, HTTP_RESPONSE,
        "HTTP/1.1 %d %s\r\n%sContent-Type: %s\r\nContent-Length: %lld\r\n"
        "%sConnection: %s\r\n\r\n%s",
        status, http_reason(status), date, status == 200 ? http_type(path) : "text/plain", length,
        status == 405 ? "Allow: GET, HEAD\r\n" : "", request->keep_alive ? "keep-alive" : "close",
        request->head_only ? "" : text);
}

#endif
