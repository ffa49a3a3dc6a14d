/* SPDX-License-Identifier: MIT */
/* Looks names up, all at once: `resolver NAME...` writes a line for each address. */
#include <mio-adapters/cares.h>
#include <mio.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DNS = MIO_ADAPTER_TOKENS };

static int waiting, failed;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "resolver: %s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void answered(void *name, int status, int timeouts, struct hostent *host)
{
    char text[INET6_ADDRSTRLEN];
    (void)timeouts;
    waiting--;
    if (status != ARES_SUCCESS) {
        fprintf(stderr, "%s: %s\n", (const char *)name, ares_strerror(status));
        failed = 1;
        return;
    }
    for (char **address = host->h_addr_list; *address; address++)
        printf("%s %s\n", (const char *)name,
               inet_ntop(host->h_addrtype, *address, text, sizeof text));
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_cares dns;
    check(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : -ENOMEM, "c-ares");
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(64, NULL, &events), "events");
    check(mio_cares_open(&dns, mio_poll_registry(poll), DNS, NULL, 0), "c-ares");
    waiting = argc - 1;
    for (int i = 1; i < argc; i++)
        ares_gethostbyname(dns.channel, argv[i], AF_UNSPEC, answered, argv[i]);
    check(mio_cares_update(&dns), "c-ares");
    while (waiting > 0) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events)
            mio_cares_event(&dns, event);
    }
    mio_cares_close(&dns);
    ares_library_cleanup();
    mio_events_free(events);
    mio_poll_free(poll);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
