/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { CHILDREN = 5 };

struct child {
    uv_process_t process;
    uv_pipe_t output;
    int64_t exit_code;
    char text[1024];
    size_t length;
};

static struct child children[CHILDREN];

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
        exit(EXIT_FAILURE);
    }
}

static void on_exit_of_child(uv_process_t *process, int64_t exit_code, int signo)
{
    struct child *child = process->data;
    child->exit_code = signo ? -1 : exit_code;
    uv_close((uv_handle_t *)process, NULL);
}

static void give_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    struct child *child = handle->data;
    *buffer = uv_buf_init(child->text + child->length, sizeof child->text - child->length);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct child *child = stream->data;
    if (length < 0)
        uv_close((uv_handle_t *)stream, NULL);
    else
        child->length += (size_t)length;
}

static void start(uv_loop_t *loop, int number)
{
    char command[64];
    struct child *child = &children[number];
    char *argv[] = {"sh", "-c", command, NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_INHERIT_FD, .data.fd = 0},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&child->output},
        {.flags = UV_INHERIT_FD, .data.fd = 2}};
    const uv_process_options_t options = {
        .exit_cb = on_exit_of_child, .file = "sh", .args = argv, .stdio = stdio, .stdio_count = 3};
    snprintf(command, sizeof command, "echo this is child %d; exit %d", number, number);
    child->process.data = child->output.data = child;
    check(uv_pipe_init(loop, &child->output, 0), "output");
    check(uv_spawn(loop, &child->process, &options), "child");
    check(uv_read_start((uv_stream_t *)&child->output, give_buffer, on_read), "output");
}

int main(void)
{
    for (int i = 0; i < CHILDREN; i++)
        start(uv_default_loop(), i);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    for (int i = 0; i < CHILDREN; i++)
        printf("child %d: exit %d, output %.*s", i, (int)children[i].exit_code,
               (int)children[i].length, children[i].text);
    return EXIT_SUCCESS;
}
