/* SPDX-License-Identifier: MIT */
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLIENTS = 200, SECONDS = 2 };

static const char message[] = "one of two hundred";
static int replied, timed_out, failed;

static void check(int is_well, const char *what)
{
    if (!is_well) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static void end(struct bufferevent *client, int *count)
{
    bufferevent_free(client);
    ++*count;
}

static void on_read(struct bufferevent *client, void *argument)
{
    end(client, &replied);
}

static void on_event(struct bufferevent *client, short what, void *argument)
{
    if (what & BEV_EVENT_TIMEOUT)
        end(client, &timed_out);
    else if (!(what & BEV_EVENT_CONNECTED) ||
             bufferevent_write(client, message, sizeof message) < 0 ||
             bufferevent_enable(client, EV_READ) < 0)
        end(client, &failed);
}

static void start(struct event_base *base, struct sockaddr_in *addr)
{
    const struct timeval timeout = {SECONDS, 0};
    struct bufferevent *client = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    check(client != NULL, "client");
    bufferevent_setcb(client, on_read, NULL, on_event, NULL);
    bufferevent_setwatermark(client, EV_READ, sizeof message, 0);
    if (bufferevent_set_timeouts(client, &timeout, &timeout) < 0 ||
        bufferevent_socket_connect(client, (struct sockaddr *)addr, sizeof *addr) < 0)
        end(client, &failed);
}

int main(int argc, char **argv)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.sin_port = htons(argc > 1 ? (uint16_t)atoi(argv[1]) : 7007);
    signal(SIGPIPE, SIG_IGN);
    struct event_base *base = event_base_new();
    check(base != NULL, "base");
    for (int i = 0; i < CLIENTS; i++)
        start(base, &addr);
    event_base_dispatch(base);
    printf("%d replied, %d timed out, %d failed\n", replied, timed_out, failed);
    return EXIT_SUCCESS;
}
