/* SPDX-License-Identifier: MIT */
/* PROC7 and PROC8: starting programs, and what they get. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "processes.h"

#include <mio/pipe.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_SIZE = 256 };

static const char shell[] = "/bin/sh";

/* A shell that runs this. */
struct script {
    const char *argv[4];
    struct mio_spawn_options options;
};

static struct mio_spawn_options *script_make(struct script *script, const char *text)
{
    *script = (struct script){{"sh", "-c", text, NULL}, {.program = shell}};
    script->options.argv = script->argv;
    return &script->options;
}

/* Starts it. How it ended: its code, or 128 and its signal. */
static int run_script(struct loop *loop, const struct mio_spawn_options *options)
{
    struct mio_process process;
    struct mio_exit_status status = {.exit_code = -2};
    memset(&process, 0x5a, sizeof process);
    REQUIRE_EQ(mio_process_spawn(&process, loop->registry, 7, options), 0);
    AWAIT_EVENTS(loop, {7, MIO_READABLE});
    CHECK_EQ(mio_process_status(&process, &status), 0);
    CHECK(!child_is_zombie(process.pid));
    CHECK_EQ(mio_process_close(&process), 0);
    return status.signo != 0 ? 128 + status.signo : status.exit_code;
}

/* All that comes until the end. Blocks by itself: the events of pipes are tested elsewhere. */
static void read_to_end(struct mio_pipe_receiver *receiver, char *text)
{
    size_t length = 0;
    ptrdiff_t count;
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(receiver, false), 0);
    do {
        count = mio_pipe_receiver_read(receiver, text + length, OUTPUT_SIZE - 1 - length);
        length += count > 0 ? (size_t)count : 0;
    } while (count > 0);
    CHECK_EQ(count, 0);
    text[length] = 0;
    CHECK_EQ(mio_source_close(&receiver->source), 0);
}

/* --- PROC7 --- */

TEST(proc7_a_program_is_started_and_its_end_is_told)
{
    struct loop loop = loop_open();
    struct script script;
    struct mio_spawn_options alone = {.program = "true"};

    CHECK_EQ(run_script(&loop, script_make(&script, "exit 3")), 3);
    CHECK_EQ(run_script(&loop, script_make(&script, "kill -KILL $$")), 128 + SIGKILL);
    script_make(&script, "exit 4");
    script.options.program = "sh";
    CHECK_EQ(run_script(&loop, &script.options), 4);
    CHECK_EQ(run_script(&loop, &alone), 0);

    loop_close(&loop);
}

TEST(proc7_the_streams_are_pipes)
{
    struct loop loop = loop_open();
    struct script script;
    struct mio_process process;
    struct mio_pipe_sender input;
    struct mio_pipe_receiver output;
    struct mio_pipe_receiver error;
    char text[OUTPUT_SIZE];
    struct mio_spawn_options *options = script_make(&script, "echo oops >&2; cat; exit 9");

    options->input = options->output = options->error = MIO_SPAWN_PIPE;
    options->input_pipe = &input;
    options->output_pipe = &output;
    options->error_pipe = &error;
    REQUIRE_EQ(mio_process_spawn(&process, loop.registry, 7, options), 0);
    CHECK_EQ(fcntl(input.source.fd, F_GETFD), FD_CLOEXEC);
    CHECK((fcntl(input.source.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(output.source.fd, F_GETFL) & O_NONBLOCK) != 0);
    REQUIRE_EQ(mio_source_register(&error.source, loop.registry, 8, MIO_READABLE | MIO_ONESHOT), 0);
    REQUIRE_EQ(loop_wait(&loop, BOUND_SECONDS * SECOND), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 8);
    CHECK_EQ(mio_pipe_sender_write(&input, "hello", 5), 5);
    CHECK_EQ(mio_source_close(&input.source), 0);
    read_to_end(&output, text);
    CHECK_STR(text, "hello");
    CHECK_EQ(mio_source_deregister(&error.source), 0);
    read_to_end(&error, text);
    CHECK_STR(text, "oops\n");
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    EXPECT_STATUS(&process, 9, 0);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

TEST(proc7_the_streams_are_nothing)
{
    struct loop loop = loop_open();
    struct script script;
    struct mio_spawn_options *options =
        script_make(&script, "test -z \"$(cat)\" && echo a && echo b >&2");

    options->input = options->output = options->error = MIO_SPAWN_NULL;
    CHECK_EQ(run_script(&loop, options), 0);

    loop_close(&loop);
}

TEST(proc7_errors_go_where_the_output_goes)
{
    struct loop loop = loop_open();
    struct script script;
    struct mio_pipe_receiver output;
    char text[OUTPUT_SIZE];
    struct mio_spawn_options *options = script_make(&script, "echo one >&2; echo two");

    options->output = MIO_SPAWN_PIPE;
    options->output_pipe = &output;
    options->error = MIO_SPAWN_OUTPUT;
    CHECK_EQ(run_script(&loop, options), 0);
    read_to_end(&output, text);
    CHECK_STR(text, "one\ntwo\n");

    loop_close(&loop);
}

static int spawn_with_streams_swapped(void *argument)
{
    int(*pipes)[2] = argument;
    struct loop loop = loop_open();
    struct script script;
    struct mio_spawn_options *options = script_make(&script, "echo out; echo err >&2");
    options->output = options->error = MIO_SPAWN_FD;
    options->output_fd = STDERR_FILENO;
    options->error_fd = STDOUT_FILENO;
    int saved[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    if (dup2(pipes[0][FAR], STDOUT_FILENO) < 0 || dup2(pipes[1][FAR], STDERR_FILENO) < 0)
        return 1;
    int code = run_script(&loop, options);
    if (dup2(saved[0], STDOUT_FILENO) < 0 || dup2(saved[1], STDERR_FILENO) < 0)
        return 2;
    loop_close(&loop);
    return code;
}

/* The standard ones among them, in any order. */
TEST(proc7_the_streams_are_descriptors)
{
    int pipes[2][2];
    static const char *const wanted[] = {"err\n", "out\n"};

    for (int i = 0; i < 2; i++)
        open_pipe(pipes[i]);
    CHECK_EQ(in_child(spawn_with_streams_swapped, pipes), 0);
    for (int i = 0; i < 2; i++) {
        char text[OUTPUT_SIZE] = "";
        CHECK_EQ(read(pipes[i][NEAR], text, sizeof text - 1), 4);
        CHECK_STR(text, wanted[i]);
        close_pair(pipes[i]);
    }
}

/* In a program that was started without standard streams the pipes get their numbers. */
static int spawn_without_streams(void *argument)
{
    struct script script;
    struct mio_pipe_sender input;
    struct mio_pipe_receiver output;
    char text[OUTPUT_SIZE] = "";
    (void)argument;
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    struct mio_spawn_options *options = script_make(&script, "cat");
    options->input = options->output = MIO_SPAWN_PIPE;
    options->error = MIO_SPAWN_NULL;
    options->input_pipe = &input;
    options->output_pipe = &output;
    struct loop loop = loop_open();
    struct mio_process process;
    if (mio_process_spawn(&process, loop.registry, 7, options) != 0)
        return 1;
    if (mio_pipe_sender_write(&input, "x", 1) != 1 || mio_source_close(&input.source) != 0)
        return 2;
    read_to_end(&output, text);
    return strcmp(text, "x") == 0 ? 0 : 3;
}

TEST(proc7_a_program_without_standard_streams_starts_another)
{
    CHECK_EQ(in_child(spawn_without_streams, NULL), 0);
}

TEST(proc7_the_environment_is_given)
{
    struct loop loop = loop_open();
    struct script script;
    const char *environment[] = {"MIO_ONE=1", "PATH=/nowhere", NULL};
    struct mio_spawn_options *options = script_make(&script, "test \"$MIO_ONE$PATH\" = 1/nowhere");

    options->envp = environment;
    options->program = "sh"; /* by the path of this process */
    CHECK_EQ(run_script(&loop, options), 0);

    loop_close(&loop);
}

TEST(proc7_the_directory_is_given)
{
    struct loop loop = loop_open();
    struct script script;
    struct mio_process process;
    struct mio_spawn_options *options = script_make(&script, "test \"$(pwd -P)\" = /");
    int wanted = (int)fact("a program is started in another directory");

    options->directory = "/";
    if (wanted == 0)
        CHECK_EQ(run_script(&loop, options), 0);
    else
        CHECK_EQ(mio_process_spawn(&process, loop.registry, 7, options), wanted);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* Whatever this process ignores and blocks. */
TEST(proc7_signals_have_their_default_actions_and_are_not_blocked)
{
    struct loop loop = loop_open();
    struct script script;
    sigset_t blocked;
    sigset_t before;
    static const int32_t wanted[] = {SIGTERM, SIGUSR1, 0};

    void (*handler)(int) = signal(SIGUSR1, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    REQUIRE_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    CHECK_EQ(run_script(&loop, script_make(&script, "kill -USR1 $$; exit 1")), 128 + SIGUSR1);
    CHECK_EQ(run_script(&loop, script_make(&script, "kill -USR2 $$; exit 1")), 128 + SIGUSR2);
    struct mio_spawn_options *options = script_make(&script, "kill -TERM $$; exit 5");
    options->blocked = wanted;
    CHECK_EQ(run_script(&loop, options), 5);
    REQUIRE_EQ(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    CHECK(signal(SIGUSR1, handler) == SIG_IGN);

    loop_close(&loop);
}

TEST(proc7_a_program_may_lead_a_group)
{
    struct loop loop = loop_open();
    struct script script;
    struct mio_process process;
    struct mio_spawn_options *options = script_make(&script, "sleep 100");

    options->flags = MIO_SPAWN_NEW_GROUP;
    REQUIRE_EQ(mio_process_spawn(&process, loop.registry, 7, options), 0);
    CHECK_EQ(getpgid(process.pid), process.pid);
    CHECK_EQ(kill(-process.pid, SIGTERM), 0);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    EXPECT_STATUS(&process, -1, SIGTERM);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

/* A second program does not hold the pipes of the first, which would never see their end. */
TEST(proc7_no_descriptor_of_the_librarys_is_inherited)
{
    struct loop loop = loop_open();
    struct script scripts[2];
    struct mio_process processes[2];
    struct mio_pipe_sender inputs[2];

    for (size_t i = 0; i < 2; i++) {
        struct mio_spawn_options *options = script_make(&scripts[i], "cat");
        options->input = MIO_SPAWN_PIPE;
        options->input_pipe = &inputs[i];
        REQUIRE_EQ(mio_process_spawn(&processes[i], loop.registry, i, options), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(mio_source_close(&inputs[i].source), 0);
        AWAIT_EVENTS(&loop, {i, MIO_READABLE});
        EXPECT_STATUS(&processes[i], 0, 0);
        CHECK_EQ(mio_process_close(&processes[i]), 0);
    }

    loop_close(&loop);
}

/* --- PROC8: what is refused leaves nothing --- */

/* No child at all is left. */
static void expect_no_child(void)
{
    int result = waitpid(-1, NULL, WNOHANG);
    CHECK(result < 0 && errno == ECHILD);
}

TEST(proc8_what_cannot_be_executed_is_an_error)
{
    static const struct {
        const char *program;
        int error;
    } refused[] = {{"/no/such/program", -ENOENT}, {"no-such-program", -ENOENT}, {"/", -EACCES}};
    struct loop loop = loop_open();
    struct script script;

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct mio_process process = {.pid = 17};
        struct mio_pipe_sender input = {.source = {.fd = 1234}};
        struct mio_pipe_receiver output = {.source = {.fd = 1234}};
        struct mio_spawn_options *options = script_make(&script, "");
        int descriptors = test_open_descriptors();
        options->program = refused[i].program;
        options->input = options->output = MIO_SPAWN_PIPE;
        options->error = MIO_SPAWN_OUTPUT;
        options->input_pipe = &input;
        options->output_pipe = &output;
        CHECK_EQ(mio_process_spawn(&process, loop.registry, 7, options), refused[i].error);
        CHECK_EQ(test_open_descriptors(), descriptors);
        CHECK(process.pid == 17 && input.source.fd == 1234 && output.source.fd == 1234);
        expect_no_child();
    }
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

TEST(proc8_what_cannot_be_given_is_an_error)
{
    struct loop loop = loop_open();
    struct mio_process process;
    const struct mio_spawn_options nowhere = {.program = shell, .directory = "/no/such/directory"};
    const struct mio_spawn_options closed = {
        .program = shell, .output = MIO_SPAWN_FD, .output_fd = 999};
    const struct mio_spawn_options nothing = {
        .program = shell, .input = MIO_SPAWN_FD, .input_fd = MIO_INVALID_FD};
    int64_t wanted = fact("a program is started in another directory");

    CHECK_EQ(mio_process_spawn(&process, loop.registry, 7, &nowhere), wanted ? wanted : -ENOENT);
    CHECK_EQ(mio_process_spawn(&process, loop.registry, 7, &closed), -EBADF);
    CHECK_EQ(mio_process_spawn(&process, loop.registry, 7, &nothing), -EBADF);
    expect_no_child();
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

TEST(proc8_misuse_is_an_error)
{
    struct loop loop = loop_open();
    struct mio_process process;
    static const int32_t no_signal[] = {1000, 0};
    const struct mio_spawn_options good = {.program = shell};
    const struct mio_spawn_options wrong[] = {
        {.program = NULL},
        {.program = shell, .flags = 2},
        {.program = shell, .input = 9},
        {.program = shell, .input = MIO_SPAWN_OUTPUT},
        {.program = shell, .output = MIO_SPAWN_OUTPUT},
        {.program = shell, .error = 5},
        {.program = shell, .input = MIO_SPAWN_PIPE},
        {.program = shell, .output = MIO_SPAWN_PIPE},
        {.program = shell, .error = MIO_SPAWN_PIPE},
        {.program = shell, .blocked = no_signal},
        {.program = shell, .reserved = {0, 0, 0, 1}},
    };

    CHECK_EQ(mio_process_spawn(null(), loop.registry, 7, &good), -EINVAL);
    CHECK_EQ(mio_process_spawn(&process, null(), 7, &good), -EINVAL);
    CHECK_EQ(mio_process_spawn(&process, loop.registry, 7, null()), -EINVAL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_EQ(mio_process_spawn(&process, loop.registry, 7, &wrong[i]), -EINVAL);
    expect_no_child();
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* Each allocation fails once; the program that runs by then is killed. */
TEST(proc8_without_memory_nothing_runs)
{
    struct loop loop = loop_open();
    struct script script;
    struct mio_pipe_sender input;
    struct mio_spawn_options *options = script_make(&script, "cat");
    int error = -ENOMEM;

    options->input = MIO_SPAWN_PIPE;
    options->input_pipe = &input;
    for (long n = 1; error == -ENOMEM; n++) {
        struct mio_process process;
        int descriptors = test_open_descriptors();
        test_fail_allocation(n);
        error = mio_process_spawn(&process, loop.registry, 7, options);
        test_fail_allocation(0);
        CHECK(error == 0 || error == -ENOMEM);
        if (error < 0) {
            CHECK_EQ(test_open_descriptors(), descriptors);
            expect_no_child();
            continue;
        }
        CHECK_EQ(mio_source_close(&input.source), 0);
        AWAIT_EVENTS(&loop, {7, MIO_READABLE});
        EXPECT_STATUS(&process, 0, 0);
        CHECK_EQ(mio_process_close(&process), 0);
    }

    loop_close(&loop);
}

static int spawn_in_child(void *argument)
{
    struct loop *loop = argument;
    struct mio_process process;
    const struct mio_spawn_options options = {.program = shell};
    return mio_process_spawn(&process, loop->registry, 7, &options) == -ECHILD ? 0 : 1;
}

TEST(proc8_a_forked_child_starts_nothing_by_its_parents_poll)
{
    struct loop loop = loop_open();
    CHECK_EQ(in_child(spawn_in_child, &loop), 0);
    loop_close(&loop);
}
