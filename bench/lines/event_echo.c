/* SPDX-License-Identifier: MIT */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 262144 }; /* bytes that wait to be written while more is read */

static void check(int is_well, const char *what)
{
    if (!is_well) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static void on_read(struct bufferevent *connection, void *argument)
{
    struct evbuffer *output = bufferevent_get_output(connection);
    if (bufferevent_read_buffer(connection, output) < 0)
        bufferevent_free(connection);
    else if (evbuffer_get_length(output) > MOST) /* a client that does not read is not read from */
        bufferevent_disable(connection, EV_READ);
}

static void on_write(struct bufferevent *connection, void *argument)
{
    bufferevent_enable(connection, EV_READ);
}

static void on_last_write(struct bufferevent *connection, void *argument)
{
    bufferevent_free(connection);
}

static void on_end(struct bufferevent *connection, short what, void *argument)
{
    if ((what & BEV_EVENT_EOF) && evbuffer_get_length(bufferevent_get_output(connection)) > 0)
        bufferevent_setcb(connection, NULL, on_last_write, on_end, NULL);
    else
        bufferevent_free(connection);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *peer, int length, void *base)
{
    struct bufferevent *connection = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    check(connection != NULL, "connection");
    bufferevent_setcb(connection, on_read, on_write, on_end, NULL);
    if (bufferevent_enable(connection, EV_READ) < 0)
        bufferevent_free(connection);
}

static void on_datagram(evutil_socket_t fd, short what, void *argument)
{
    char bytes[65536];
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size);
    if (length >= 0)
        sendto(fd, bytes, (size_t)length, 0, (struct sockaddr *)&from, size);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in addr = {.sin_family = AF_INET};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.sin_port = htons(argc > 1 ? (uint16_t)atoi(argv[1]) : 7007);
    struct event_base *base = event_base_new();
    check(base != NULL, "base");
    check(evconnlistener_new_bind(base, on_connection, base,
                                  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                  1024, (struct sockaddr *)&addr, sizeof addr) != NULL,
          "TCP");
    evutil_socket_t udp = socket(AF_INET, SOCK_DGRAM, 0);
    check(udp >= 0 && evutil_make_socket_nonblocking(udp) == 0, "UDP");
    check(evutil_make_socket_closeonexec(udp) == 0, "UDP");
    check(bind(udp, (struct sockaddr *)&addr, sizeof addr) == 0, "UDP");
    struct event *readable = event_new(base, udp, EV_READ | EV_PERSIST, on_datagram, NULL);
    check(readable != NULL && event_add(readable, NULL) == 0, "UDP");
    return event_base_dispatch(base);
}
