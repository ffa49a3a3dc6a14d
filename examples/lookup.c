/* SPDX-License-Identifier: MIT */
/*
 * Looks names up without blocking: `lookup [-SECONDS] NAME...` prints the addresses of each name as
 * they come, until all have come or the time is up (5 seconds).
 *
 * getaddrinfo() blocks, and no system has one that does not. So a few threads call it, and post
 * which of the names is done: a program of one thread goes on serving meanwhile, and gets the answer
 * as an event among its others. The post also orders memory: what the thread wrote into the name's
 * struct before is seen by whoever takes the post.
 */
#include <mio.h>

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELPERS = 4, ANSWERS, TIME_IS_UP }; /* the last two are tokens */

struct name {
    const char *text;
    int error; /* of getaddrinfo() */
    struct addrinfo *found;
};

static struct name *names;
static size_t name_count;
static atomic_size_t next_name;
static struct mio_post_queue *answers;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

/* The queue has room for all names, so a post is never refused for want of it. */
static void *look_up(void *unused)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    size_t i;
    while ((i = atomic_fetch_add(&next_name, 1)) < name_count) {
        names[i].error = getaddrinfo(names[i].text, NULL, &hints, &names[i].found);
        check(mio_post(answers, (mio_token)i, 0), "post");
    }
    return unused;
}

static void print_name(const struct name *name)
{
    printf("%s:", name->text);
    if (name->error != 0)
        printf(" %s", gai_strerror(name->error));
    for (const struct addrinfo *at = name->error ? NULL : name->found; at; at = at->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) ==
            0)
            printf(" %s", text);
    }
    printf("\n");
    if (name->error == 0)
        freeaddrinfo(name->found);
}

/* Prints what has been answered: how many names. */
static size_t take_answers(void)
{
    struct mio_posted posted;
    size_t count = 0;
    while (mio_post_take(answers, &posted) > 0) {
        print_name(&names[posted.token]);
        count++;
    }
    return count;
}

/* Whether all were answered in time. */
static bool wait_for_answers(struct mio_poll *poll, struct mio_events *events)
{
    size_t left = name_count;
    while (left > 0) {
        int count = mio_poll_wait(poll, events, MIO_FOREVER);
        if (count != -EINTR)
            check(count, "wait");
        mio_events_each(event, events) {
            if (mio_event_token(event) == TIME_IS_UP)
                return false;
            left -= take_answers();
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_timer timer = MIO_TIMER_INIT;
    pthread_t helpers[HELPERS];
    int first = argc > 1 && argv[1][0] == '-' ? 2 : 1;
    double seconds = first == 2 ? strtod(argv[1] + 1, NULL) : 5;
    if (argc <= first)
        check(-EINVAL, "usage: lookup [-SECONDS] NAME...");
    name_count = (size_t)(argc - first);
    names = calloc(name_count, sizeof *names);
    check(names ? 0 : -ENOMEM, "names");
    for (size_t i = 0; i < name_count; i++)
        names[i].text = argv[first + (int)i];

    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(8, NULL, &events), "events");
    struct mio_registry *registry = mio_poll_registry(poll);
    check(mio_post_queue_new(registry, ANSWERS, name_count, &answers), "queue");
    check(mio_timer_set_after(&timer, registry, TIME_IS_UP, (int64_t)(seconds * 1e9)), "timer");
    for (int i = 0; i < HELPERS; i++)
        check(-pthread_create(&helpers[i], NULL, look_up, NULL), "thread");

    if (!wait_for_answers(poll, events)) {
        printf("the time is up\n");
        fflush(stdout);
        _Exit(EXIT_FAILURE); /* nothing ends a getaddrinfo() but the process, at once */
    }
    for (int i = 0; i < HELPERS; i++)
        pthread_join(helpers[i], NULL);
    mio_timer_cancel(&timer, registry);
    mio_post_queue_free(answers);
    mio_events_free(events);
    mio_poll_free(poll);
    free(names);
    return EXIT_SUCCESS;
}
