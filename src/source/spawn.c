/* SPDX-License-Identifier: MIT */
/*
 * Starting programs, over posix_spawn(3), which copies no memory.
 *
 * Each stream that is not inherited comes from a descriptor above the standard ones, so that the
 * order in which they are put into their places does not matter. Pipes are made here; the ends of
 * the program are closed as soon as it runs.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np */
#endif

#include "../os/descriptor.h"
#include "../poll/registry.h"
#include "spawn_system.h"

#include <mio/process.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAMS = 3 };

struct stream {
    uint32_t kind;   /* MIO_SPAWN_... */
    mio_fd programs; /* what becomes the stream; MIO_INVALID_FD: nothing */
    mio_fd opened;   /* the same, if it was opened here */
    mio_fd ours;     /* the caller's end of a pipe */
};

struct spawning {
    const struct mio_spawn_options *options;
    struct stream streams[STREAMS];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

/* --- the options --- */

static bool is_stream(uint32_t kind, bool has_place, bool is_error)
{
    if (kind == MIO_SPAWN_PIPE)
        return has_place;
    return kind < MIO_SPAWN_PIPE || (kind == MIO_SPAWN_OUTPUT && is_error);
}

static int check_spawn_options(const struct mio_spawn_options *options)
{
    if (!options || !options->program)
        return -EINVAL;
    uintptr_t reserved = options->flags & ~MIO_SPAWN_NEW_GROUP;
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        reserved |= options->reserved[i];
    bool are_streams = is_stream(options->input, options->input_pipe != NULL, false) &&
                       is_stream(options->output, options->output_pipe != NULL, false) &&
                       is_stream(options->error, options->error_pipe != NULL, true);
    if (reserved != 0 || !are_streams)
        return -EINVAL;
    return options->directory && !MIO_SPAWN_HAS_DIRECTORY ? -ENOTSUP : 0;
}

/* --- the streams --- */

/* Out of the places of the standard streams. The caller's own descriptor stays where it is. */
static int lift(struct stream *stream, mio_fd fd)
{
    stream->programs = fd;
    if (fd < 0 || fd > STDERR_FILENO)
        return 0;
    int saved = errno;
    stream->opened = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    stream->programs = stream->opened;
    return stream->opened < 0 ? mio__failed(saved) : 0;
}

/* After an error neither end is open. */
static int own_both(mio_fd ends[2])
{
    int saved = errno;
    for (int i = 0; i < 2; i++) {
        ends[i] = mio__own_fd(ends[i]);
        if (ends[i] < 0)
            return mio__fd_give_up(ends[1 - i], mio__failed(saved));
    }
    return 0;
}

static int open_stream_pipe(struct stream *stream, bool is_input)
{
    mio_fd ends[2];
    int error = mio__fd_pipe(ends, 0);
    if (error == 0)
        error = own_both(ends);
    if (error < 0)
        return error;
    stream->programs = stream->opened = ends[is_input ? 0 : 1];
    stream->ours = ends[is_input ? 1 : 0];
    return mio__fd_set_nonblocking(stream->opened, false);
}

static int open_stream(struct stream *stream, uint32_t kind, mio_fd fd, bool is_input)
{
    stream->kind = kind;
    if (kind == MIO_SPAWN_FD)
        return lift(stream, fd);
    return kind == MIO_SPAWN_PIPE ? open_stream_pipe(stream, is_input) : 0;
}

static int open_streams(struct spawning *spawning)
{
    const struct mio_spawn_options *options = spawning->options;
    struct stream *streams = spawning->streams;
    for (int i = 0; i < STREAMS; i++)
        streams[i] = (struct stream){0, MIO_INVALID_FD, MIO_INVALID_FD, MIO_INVALID_FD};
    int error = open_stream(&streams[0], options->input, options->input_fd, true);
    if (error == 0)
        error = open_stream(&streams[1], options->output, options->output_fd, false);
    if (error == 0)
        error = open_stream(&streams[2], options->error, options->error_fd, false);
    return error;
}

static void close_one(mio_fd *fd)
{
    if (*fd != MIO_INVALID_FD)
        (void)mio__fd_give_up(*fd, 0);
    *fd = MIO_INVALID_FD;
}

static void close_programs_ends(struct spawning *spawning)
{
    for (int i = 0; i < STREAMS; i++)
        close_one(&spawning->streams[i].opened);
}

static void close_our_ends(struct spawning *spawning)
{
    for (int i = 0; i < STREAMS; i++)
        close_one(&spawning->streams[i].ours);
}

/* --- what the new process does, and is --- */

/* These functions return errno values. */
static int add_stream(struct spawning *spawning, int place)
{
    const struct stream *stream = &spawning->streams[place];
    switch (stream->kind) {
    case MIO_SPAWN_NULL:
        return posix_spawn_file_actions_addopen(&spawning->actions, place, "/dev/null",
                                                place == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
    case MIO_SPAWN_OUTPUT:
        return posix_spawn_file_actions_adddup2(&spawning->actions, STDOUT_FILENO, place);
    case MIO_SPAWN_FD:
    case MIO_SPAWN_PIPE:
        return posix_spawn_file_actions_adddup2(&spawning->actions, stream->programs, place);
    default:
        return 0;
    }
}

static int add_actions(struct spawning *spawning)
{
    int error = 0;
    for (int place = 0; place < STREAMS && error == 0; place++)
        error = add_stream(spawning, place);
    if (error == 0 && spawning->options->directory)
        error = mio__spawn_add_directory(&spawning->actions, spawning->options->directory);
    return error;
}

static int set_attributes(struct spawning *spawning)
{
    const struct mio_spawn_options *options = spawning->options;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t blocked;
    sigset_t defaulted;
    (void)sigemptyset(&blocked);
    for (const int32_t *signo = options->blocked; signo && *signo != 0; signo++) {
        if (sigaddset(&blocked, *signo) < 0)
            return EINVAL;
    }
    (void)sigfillset(&defaulted);
    (void)sigdelset(&defaulted, SIGKILL);
    (void)sigdelset(&defaulted, SIGSTOP);
    if ((options->flags & MIO_SPAWN_NEW_GROUP) != 0)
        flags |= POSIX_SPAWN_SETPGROUP;
    int error = posix_spawnattr_setsigmask(&spawning->attributes, &blocked);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(&spawning->attributes, &defaulted);
    if (error == 0)
        error = posix_spawnattr_setpgroup(&spawning->attributes, 0);
    return error == 0 ? posix_spawnattr_setflags(&spawning->attributes, flags) : error;
}

/* posix_spawn(3) writes to neither list. */
static char *const *list_of(const char *const *list)
{
    return (char *const *)(uintptr_t)list;
}

static int run(const struct spawning *spawning, pid_t *pid)
{
    const struct mio_spawn_options *options = spawning->options;
    const char *name_alone[] = {options->program, NULL};
    char *const *argv = list_of(options->argv ? options->argv : name_alone);
    char *const *envp = options->envp ? list_of(options->envp) : mio__spawn_environment();
    return strchr(options->program, '/') ? posix_spawn(pid, options->program, &spawning->actions,
                                                       &spawning->attributes, argv, envp)
                                         : posix_spawnp(pid, options->program, &spawning->actions,
                                                        &spawning->attributes, argv, envp);
}

static int run_with_attributes(struct spawning *spawning, pid_t *pid)
{
    int error = posix_spawnattr_init(&spawning->attributes);
    if (error != 0)
        return error;
    error = set_attributes(spawning);
    if (error == 0)
        error = run(spawning, pid);
    (void)posix_spawnattr_destroy(&spawning->attributes);
    return error;
}

/* 0 or -errno. */
static int start_program(struct spawning *spawning, pid_t *pid)
{
    int saved = errno;
    int error = posix_spawn_file_actions_init(&spawning->actions);
    if (error != 0)
        return -error;
    error = add_actions(spawning);
    if (error == 0)
        error = run_with_attributes(spawning, pid);
    (void)posix_spawn_file_actions_destroy(&spawning->actions);
    errno = saved;
    return -error;
}

/* --- all of it --- */

/* The caller's ends of the pipes, by their places. */
struct ends {
    struct mio_pipe_sender input;
    struct mio_pipe_receiver output;
    struct mio_pipe_receiver error;
};

static void copy_if(bool is_wanted, void *to, const void *from, size_t size)
{
    if (is_wanted)
        memcpy(to, from, size);
}

static void save_ends(const struct mio_spawn_options *options, struct ends *ends)
{
    copy_if(options->input == MIO_SPAWN_PIPE, &ends->input, options->input_pipe,
            sizeof ends->input);
    copy_if(options->output == MIO_SPAWN_PIPE, &ends->output, options->output_pipe,
            sizeof ends->output);
    copy_if(options->error == MIO_SPAWN_PIPE, &ends->error, options->error_pipe,
            sizeof ends->error);
}

static void put_ends(const struct mio_spawn_options *options, const struct ends *ends)
{
    copy_if(options->input == MIO_SPAWN_PIPE, options->input_pipe, &ends->input,
            sizeof ends->input);
    copy_if(options->output == MIO_SPAWN_PIPE, options->output_pipe, &ends->output,
            sizeof ends->output);
    copy_if(options->error == MIO_SPAWN_PIPE, options->error_pipe, &ends->error,
            sizeof ends->error);
}

/* The input's end raises no SIGPIPE where that is a property of the descriptor. */
static int make_ends(const struct spawning *spawning, struct ends *ends)
{
    mio_source_init(&ends->output.source, spawning->streams[1].ours);
    mio_source_init(&ends->error.source, spawning->streams[2].ours);
    if (spawning->options->input != MIO_SPAWN_PIPE)
        return 0;
    return mio_pipe_sender_from_fd(spawning->streams[0].ours, &ends->input);
}

static void end_program(pid_t pid)
{
    int saved = errno;
    (void)kill(pid, SIGKILL);
    pid_t ended;
    do
        ended = waitpid(pid, NULL, 0);
    while (ended < 0 && errno == EINTR);
    errno = saved;
}

/* The ends are the caller's before anybody can hear of the program. */
static int hand_over_program(struct mio_process *process, struct mio_registry *registry,
                             mio_token token, const struct spawning *spawning, pid_t pid)
{
    struct ends before;
    struct ends ends;
    int error = make_ends(spawning, &ends);
    if (error == 0) {
        save_ends(spawning->options, &before);
        put_ends(spawning->options, &ends);
        error = mio_process_watch_child(process, registry, token, (int32_t)pid);
        if (error < 0)
            put_ends(spawning->options, &before);
    }
    if (error < 0)
        end_program(pid);
    return error;
}

int mio_process_spawn(struct mio_process *process, struct mio_registry *registry, mio_token token,
                      const struct mio_spawn_options *options)
{
    int error = process ? mio__registry_check(registry) : -EINVAL;
    if (error == 0)
        error = check_spawn_options(options);
    if (error < 0)
        return error;
    struct spawning spawning = {.options = options};
    pid_t pid = 0;
    error = open_streams(&spawning);
    if (error == 0)
        error = start_program(&spawning, &pid);
    close_programs_ends(&spawning);
    if (error == 0)
        error = hand_over_program(process, registry, token, &spawning, pid);
    if (error < 0)
        close_our_ends(&spawning);
    return error;
}
