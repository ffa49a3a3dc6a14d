/* SPDX-License-Identifier: MIT */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 5, MOST = 1024 };

struct child {
    pid_t pid;
    struct bufferevent *output;
    int exit_code;
    char text[MOST];
    size_t length;
};

static struct child children[CHILDREN];
static struct event *ended;
static int running;

static void check(int is_well, const char *what)
{
    if (!is_well) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static void on_signal(evutil_socket_t signo, short what, void *argument)
{
    int status;
    for (int i = 0; i < CHILDREN; i++) {
        if (children[i].pid == 0 || waitpid(children[i].pid, &status, WNOHANG) <= 0)
            continue;
        children[i].pid = 0;
        children[i].exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        if (--running == 0)
            event_del(ended);
    }
}

static void on_end(struct bufferevent *output, short what, void *argument)
{
    struct child *child = argument;
    child->length = bufferevent_read(output, child->text, sizeof child->text);
    bufferevent_free(output);
}

static void start(struct event_base *base, int number)
{
    char command[64];
    int ends[2];
    struct child *child = &children[number];
    snprintf(command, sizeof command, "echo this is child %d; exit %d", number, number);
    check(pipe(ends) == 0, "output");
    check(evutil_make_socket_closeonexec(ends[0]) == 0, "output");
    check(evutil_make_socket_nonblocking(ends[0]) == 0, "output");
    check((child->pid = fork()) >= 0, "child");
    if (child->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[1]);
        execlp("sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    running++;
    close(ends[1]);
    child->output = bufferevent_socket_new(base, ends[0], BEV_OPT_CLOSE_ON_FREE);
    check(child->output != NULL, "output");
    bufferevent_setcb(child->output, NULL, NULL, on_end, child);
    check(bufferevent_enable(child->output, EV_READ) == 0, "output");
}

int main(void)
{
    struct event_base *base = event_base_new();
    check(base != NULL, "base");
    check((ended = evsignal_new(base, SIGCHLD, on_signal, NULL)) != NULL, "signal");
    check(event_add(ended, NULL) == 0, "signal");
    for (int i = 0; i < CHILDREN; i++)
        start(base, i);
    event_base_dispatch(base);
    for (int i = 0; i < CHILDREN; i++)
        printf("child %d: exit %d, output %.*s", i, children[i].exit_code, (int)children[i].length,
               children[i].text);
    return EXIT_SUCCESS;
}
