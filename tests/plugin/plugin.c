/* SPDX-License-Identifier: MIT */
/* A plugin with a libmio of its own, as a host loads and unloads it. */
#include <mio.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

int use_plugin(void);

/* 0, or the number of the step that was wrong. */
__attribute__((visibility("default"))) int use_plugin(void)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_waker *waker;
    int status = -1;
    if (mio_poll_new(NULL, &poll) != 0 || mio_events_new(4, NULL, &events) != 0)
        return 1;
    if (mio_waker_new(mio_poll_registry(poll), 1, &waker) != 0 || mio_waker_wake(waker) != 0)
        return 2;
    if (mio_poll_wait(poll, events, MIO_FOREVER) != 1)
        return 3;
    pid_t child = fork();
    if (child == 0)
        _exit(mio_poll_wait(poll, events, 0) == -ECHILD ? 0 : 1);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 4;
    mio_waker_free(waker);
    mio_events_free(events);
    mio_poll_free(poll);
    return 0;
}
