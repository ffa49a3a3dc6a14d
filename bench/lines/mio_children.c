/* SPDX-License-Identifier: MIT */
#include <mio.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHILDREN = 5,
    EXIT = CHILDREN
}; /* a token: the child's number, or with EXIT added its end */

struct child {
    struct mio_process process;
    struct mio_pipe_receiver output;
    struct mio_exit_status status;
    char text[1024];
    size_t length;
};

static struct child children[CHILDREN];

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void start(struct mio_registry *registry, int number)
{
    char command[64];
    struct child *child = &children[number];
    const char *const argv[] = {"sh", "-c", command, NULL};
    const struct mio_spawn_options options = {
        .program = "sh", .argv = argv, .output = MIO_SPAWN_PIPE, .output_pipe = &child->output};
    snprintf(command, sizeof command, "echo this is child %d; exit %d", number, number);
    check(mio_process_spawn(&child->process, registry, (mio_token)number + EXIT, &options),
          "child");
    check(mio_source_register(&child->output.source, registry, (mio_token)number,
                              MIO_READABLE | MIO_LEVEL),
          "output");
}

/* Whether that was the last of it: all its output, or its end. */
static bool follow(mio_token token)
{
    struct child *child = &children[token % CHILDREN];
    if (token >= EXIT) {
        check(mio_process_status(&child->process, &child->status), "exit");
        mio_process_close(&child->process);
        return true;
    }
    size_t room = sizeof child->text - child->length;
    ptrdiff_t n = mio_pipe_receiver_read(&child->output, child->text + child->length, room);
    if (n > 0)
        child->length += (size_t)n;
    if (n > 0 || n == -EAGAIN)
        return false;
    mio_source_close(&child->output.source);
    return true;
}

int main(void)
{
    struct mio_poll *poll;
    struct mio_events *events;
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(16, NULL, &events), "events");
    for (int i = 0; i < CHILDREN; i++)
        start(mio_poll_registry(poll), i);
    for (int left = 2 * CHILDREN; left > 0;) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events)
            left -= follow(mio_event_token(event));
    }
    for (int i = 0; i < CHILDREN; i++)
        printf("child %d: exit %d, output %.*s", i, children[i].status.exit_code,
               (int)children[i].length, children[i].text);
    return EXIT_SUCCESS;
}
