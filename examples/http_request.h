/* SPDX-License-Identifier: MIT */
/*
 * Reads the head of an HTTP/1 request. As strict as RFC 9112 allows, since what two programs read
 * differently is how requests are smuggled past one of them: lines end with CR LF, header names
 * are followed by their colon, and a request that brings a body is refused, and its connection with
 * it.
 */
#ifndef EXAMPLES_HTTP_REQUEST_H
#define EXAMPLES_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { HTTP_HEAD = 8192 }; /* bytes that a head may have */

struct http_request {
    int status;      /* 200, or why it is refused */
    bool head_only;  /* HEAD and not GET */
    bool keep_alive; /* never of a refused request: what follows may be its body */

    /* while reading */
    int minor_version; /* of HTTP/1 */
    int hosts;         /* headers called Host */
    bool has_body;
    bool asked_to_close, asked_to_stay; /* by Connection, in as many lines as there are */

    char path[HTTP_HEAD]; /* decoded, without leading slashes, query and ".."; may be empty */
};

/* How many bytes of empty lines come before a request: they are to be forgiven. */
static inline size_t http_empty_lines(const char *text, size_t length)
{
    size_t i = 0;
    while (i + 2 <= length && memcmp(text + i, "\r\n", 2) == 0)
        i += 2;
    return i;
}

/* How many bytes the head has, with the empty line; 0 when its end is not there yet. */
static inline size_t http_head_length(const char *text, size_t length)
{
    for (size_t i = 3; i < length; i++) {
        if (text[i] == '\n' && memcmp(text + i - 3, "\r\n\r", 3) == 0)
            return i + 1;
    }
    return 0;
}

static inline bool http_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline int http_hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *digit = strchr(digits, c | 0x20);
    return c >= '0' && digit ? (int)(digit - digits) : -1;
}

/* Whether it may stand before the path of an URI, and in Host: a name or an address, and a port. An
 * empty one may stand in Host alone. */
static inline bool http_is_authority(const char *text, size_t length)
{
    const char *end = text + length, *c = text;
    if (length > 0 && *c == '[') { /* an IPv6 address */
        while (c < end && *c != ']')
            c++;
        if (c++ == end || strspn(text + 1, "0123456789abcdefABCDEF:.") != (size_t)(c - text - 2))
            return false;
    }
    while (c<end && * c> ' ' && *c <= '~' && !strchr("\"#/:<>?@[\\]^`{|}", *c))
        c++;
    if (c < end && *c == ':') {
        do
            c++;
        while (c < end && http_is_digit(*c));
    }
    return c == end;
}

/* The path of a target that is a whole URI, "http://host/path": its authority is left out. NULL:
 * it is no such target, or a bad one. */
static inline const char *http_path_of_uri(const char *target, size_t *length)
{
    enum { SCHEME = 7 };
    if (*length <= SCHEME || strncasecmp(target, "http://", SCHEME) != 0)
        return NULL;
    const char *authority = target + SCHEME, *end = target + *length, *path = authority;
    while (path < end && *path != '/' && *path != '?')
        path++;
    if (path == authority || !http_is_authority(authority, (size_t)(path - authority)))
        return NULL;
    *length = (size_t)(end - path);
    return *length > 0 && *path == '/' ? path : (*length = 1, "/");
}

/* Decodes a target's path. False: not one, or it leads out of the directory. */
static inline bool http_decode_path(const char *target, size_t length, char *path)
{
    if (length == 0 || target[0] != '/')
        return false;
    size_t used = 0;
    for (size_t i = 0; i < length && target[i] != '?'; i++) {
        char c = target[i];
        if (c == '%') {
            if (length - i < 3 || http_hex(target[i + 1]) < 0 || http_hex(target[i + 2]) < 0)
                return false;
            c = (char)(http_hex(target[i + 1]) << 4 | http_hex(target[i + 2]));
            i += 2;
        }
        if (c == '\0')
            return false;
        if (c != '/' || used > 0) /* "//etc/passwd" must not become an absolute path */
            path[used++] = c;
    }
    path[used] = '\0';
    for (const char *segment = path; segment; segment = strchr(segment, '/')) {
        segment += *segment == '/';
        if (strncmp(segment, "..", 2) == 0 && (segment[2] == '/' || segment[2] == '\0'))
            return false;
    }
    return true;
}

/* Whether a comma-separated list has this element. */
static inline bool http_list_has(const char *list, size_t length, const char *element)
{
    size_t wanted = strlen(element);
    for (size_t i = 0; i + wanted <= length; i++) {
        bool begins = i == 0 || strchr(", \t", list[i - 1]);
        bool ends = i + wanted == length || strchr(", \t", list[i + wanted]);
        if (begins && ends && strncasecmp(list + i, element, wanted) == 0)
            return true;
    }
    return false;
}

/* "GET /path HTTP/1.1", or "GET http://host/path HTTP/1.1", as proxies are asked */
static inline int http_parse_request_line(const char *line, size_t length,
                                          struct http_request *request)
{
    const char *target = memchr(line, ' ', length);
    const char *end = line + length;
    const char *version = target ? memchr(target + 1, ' ', (size_t)(end - target - 1)) : NULL;
    if (!version || target == line || end - version != 9 || memcmp(version, " HTTP/", 6) != 0)
        return 400;
    if (version[7] != '.' || !http_is_digit(version[6]) || !http_is_digit(version[8]))
        return 400;
    if (version[6] != '1')
        return 505;
    request->minor_version = version[8] - '0'; /* above 1: to be served as 1 */
    request->head_only = target - line == 4 && memcmp(line, "HEAD", 4) == 0;
    if (!request->head_only && !(target - line == 3 && memcmp(line, "GET", 3) == 0))
        return 405;
    size_t size = (size_t)(version - target - 1);
    const char *path = target[1] == '/' ? target + 1 : http_path_of_uri(target + 1, &size);
    return path && http_decode_path(path, size, request->path) ? 200 : 400;
}

/* One header: 200, or 400. */
static inline int http_parse_header(const char *line, size_t length, struct http_request *request)
{
    const char *colon = memchr(line, ':', length);
    if (!colon || colon == line)
        return 400;
    for (const char *c = line; c < colon; c++) {
        if (*c <= ' ' || *c > '~')
            return 400;
    }
    const char *value = colon + 1, *end = line + length;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    size_t size = (size_t)(end - value), name = (size_t)(colon - line);
    if (name == 4 && strncasecmp(line, "host", name) == 0) {
        request->hosts++;
        return http_is_authority(value, size) ? 200 : 400;
    }
    if (name == 10 && strncasecmp(line, "connection", name) == 0) {
        request->asked_to_close |= http_list_has(value, size, "close");
        request->asked_to_stay |= http_list_has(value, size, "keep-alive");
    } else if (name == 14 && strncasecmp(line, "content-length", name) == 0) {
        request->has_body |= size != 1 || *value != '0';
    } else if (name == 17 && strncasecmp(line, "transfer-encoding", name) == 0) {
        request->has_body = true;
    }
    return 200;
}

/* Reads a whole head, of http_head_length() bytes. */
static inline void http_parse(const char *head, size_t length, struct http_request *request)
{
    memset(request, 0, offsetof(struct http_request, path) + 1);
    const char *last = head + length - 2; /* the empty line */
    const char *line = head;
    for (const char *end; line < last; line = end + 2) {
        end = line;
        while ((unsigned char)*end >= ' ' || *end == '\t')
            end++;
        int status = 400; /* a control character, or CR without LF */
        if (end[0] == '\r' && end[1] == '\n')
            status = line == head ? http_parse_request_line(line, (size_t)(end - line), request)
                                  : http_parse_header(line, (size_t)(end - line), request);
        if (line == head || status == 400)
            request->status = status;
        if (status == 400)
            break;
    }
    bool needs_host = request->minor_version > 0;
    bool host_is_wrong = request->hosts > 1 || request->hosts < (int)needs_host;
    if (request->status == 0 || (request->status == 200 && (host_is_wrong || request->has_body)))
        request->status = 400;
    request->keep_alive = request->status == 200 && !request->asked_to_close &&
                          (request->minor_version > 0 || request->asked_to_stay);
}

#endif
