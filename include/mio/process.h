/* SPDX-License-Identifier: MIT */
/*
 * Processes as events: when a process has ended the wait delivers one readable event with its
 * token, and a child's exit code or signal can be asked for then. mio_process_spawn() starts one.
 *
 *   struct mio_process process;
 *   mio_process_watch_child(&process, registry, 5, pid);
 *   ... // the token was 5
 *   struct mio_exit_status status;
 *   if (mio_process_status(&process, &status) == 0)
 *       ... status.exit_code, or status.signo
 *   mio_process_close(&process);
 *
 * A process is a value of the caller's, as a socket is. Where the system has a descriptor of it, a
 * pidfd on Linux or a kqueue that watches it, the value begins with the source of that descriptor,
 * and is registered as one. Elsewhere, and where a sandbox or an emulator has no pidfd, children
 * are watched by SIGCHLD (mio/signal.h says what that means), which some thread must not block.
 *
 * REAPING. A child that has ended stays, as a zombie, until its parent has waited for it, and its
 * number is not used again before. The library waits for the children that it was given
 * (mio_process_watch_child(), mio_process_spawn()), when mio_process_status() tells how they ended,
 * and for no other. Nobody else should wait for these: a program that calls wait() or waitpid(-1)
 * takes their status away, and so does the kernel's when SIGCHLD is ignored.
 *
 * Any thread may call these functions. Calls for one process must not overlap, with the exception
 * that mio/source.h makes for registering. None is for a signal handler.
 */
#ifndef MIO_PROCESS_H
#define MIO_PROCESS_H

#include <mio/pipe.h>
#include <mio/source.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

/* Use the functions below: the members are the library's. */
struct mio_process {
    struct mio_source source; /* empty where there is no descriptor */
    void *child;              /* of a child that is watched by SIGCHLD */
    int32_t pid;
    int32_t parent; /* whose process this value is */
    uint32_t state;
    int32_t ending;
    uintptr_t reserved[2];
};

/*
 * Watches a process: any that there is (_watch), which the program goes on to wait for by itself if
 * it is a child; or a child, which is the library's to wait for from now on (_watch_child). One
 * event comes when it has ended, at once if it has ended already. The value is made by the call,
 * whatever was in the struct, and is given back by mio_process_close().
 *
 * -EINVAL: NULL, or no number of a process. -ESRCH: there is no such process; or it has ended, is
 * no child, and its parent has not waited for it yet (which is an event at once on some systems).
 * -ENOTSUP: it is no child, and this system has no descriptor of it. -EMFILE, -ENFILE, -ENOMEM, and
 * the errors of mio_waker_new() where SIGCHLD is used. -ECHILD: see mio_poll_wait(). Any other error
 * is the kernel's. After an error the struct is as it was, and nothing is watched.
 */
MIO_NODISCARD MIO_API int mio_process_watch(struct mio_process *process,
                                            struct mio_registry *registry, mio_token token,
                                            int32_t pid);
MIO_NODISCARD MIO_API int mio_process_watch_child(struct mio_process *process,
                                                  struct mio_registry *registry, mio_token token,
                                                  int32_t pid);

/* How a child has ended. */
struct mio_exit_status {
    int32_t exit_code; /* -1: by a signal */
    int32_t signo;     /* that signal; 0: it has exited */
    bool dumped_core;
    int32_t reserved[3];
};

/*
 * Tells how a child has ended. Of one that the library was given the zombie is gone then, and its
 * number free; the answer stays the same, whenever it is asked for again. After the event the call
 * may block for the moment that some kernels take between telling of the end and keeping the
 * status.
 *
 * -EAGAIN: it has not ended. -ESRCH: it is no child of this process, or somebody else has waited
 * for it. -EINVAL: NULL. -ECHILD: this is the child of a fork.
 */
MIO_NODISCARD MIO_API int mio_process_status(struct mio_process *process,
                                             struct mio_exit_status *status);

/*
 * Sends the process a signal, or with 0 only asks whether it could. On Linux it goes to this very
 * process, and never to one that has got its number. Elsewhere that holds for a child, until
 * somebody has waited for it.
 *
 * -ESRCH: it is gone. -EPERM: it is another user's. -EINVAL: NULL, or no such signal. -ECHILD: this
 * is the child of a fork.
 */
MIO_API int mio_process_kill(struct mio_process *process, int signo);

/*
 * Watches the process no more, and closes what was opened for that. The process itself is left
 * alone: it is not killed, and a child that the library was to wait for is the program's again,
 * unless its status was told. A wait that is in progress in another thread may still deliver the
 * token. -EINVAL: NULL. -EBADF: it is closed. Any other error is that of close(2).
 */
MIO_API int mio_process_close(struct mio_process *process);

/* --- starting one --- */

/* What a standard stream of the program is. */
#define MIO_SPAWN_INHERIT 0u /* this process's own */
#define MIO_SPAWN_NULL    1u /* the null device */
#define MIO_SPAWN_FD      2u /* a descriptor of the caller's, who keeps it */
#define MIO_SPAWN_PIPE    3u /* a pipe, whose other end is the caller's */
#define MIO_SPAWN_OUTPUT  4u /* of the error stream alone: where the output goes */

/* The program leads a process group of its own: a terminal's signals do not reach it. */
#define MIO_SPAWN_NEW_GROUP 1u

/* A struct of zeros with a program is a program with the standard streams, the environment and the
 * directory of this process. */
struct mio_spawn_options {
    /* A path, or a name without a slash that is looked for in this process's PATH. */
    const char *program;
    const char *const *argv; /* ended by NULL; NULL: the program's name alone */
    const char *const *envp; /* ended by NULL; NULL: this process's environment */

    /* Where it starts; NULL: where this process is. A program's path, if it is relative, may count
     * from either. -ENOTSUP on OpenBSD and DragonFly, whose posix_spawn(3) cannot do it. */
    const char *directory;

    const int32_t *blocked; /* signals that it blocks, ended by 0; NULL: none */
    uint32_t flags;         /* MIO_SPAWN_NEW_GROUP */

    uint32_t input; /* MIO_SPAWN_... */
    uint32_t output;
    uint32_t error;
    mio_fd input_fd; /* of MIO_SPAWN_FD */
    mio_fd output_fd;
    mio_fd error_fd;

    /* Of MIO_SPAWN_PIPE: the caller's ends, which are made by the call, to be registered and
     * closed as every pipe. They are non-blocking and closed on exec; the program's ends block. */
    struct mio_pipe_sender *input_pipe;
    struct mio_pipe_receiver *output_pipe;
    struct mio_pipe_receiver *error_pipe;

    uintptr_t reserved[4]; /* 0 */
};

/*
 * Starts a program, and watches it as mio_process_watch_child() does: one event comes when it has
 * ended. All its signals have their default actions, whatever this process ignores, and none is
 * blocked but those that the options name. It inherits the descriptors of this process that are not
 * closed on exec. All that the library makes are.
 *
 * -EINVAL: NULL, an unknown stream or flag, a pipe without a place for it, or a reserved member that
 * is not 0. -ENOENT, -EACCES, -ENOEXEC, -E2BIG and the like: what exec(3) says of the program or
 * the directory; an emulator (qemu-user) does not tell, and the program ends with 127. -EAGAIN:
 * there are too many processes. -EBADF, -EMFILE, -ENFILE, -ENOMEM. -ENOTSUP: see `directory`.
 * -ECHILD: see mio_poll_wait(). The errors of mio_process_watch_child(): the program, which may have
 * begun to run, has been killed. After an error nothing runs or is open, and all structs are as they
 * were.
 */
MIO_NODISCARD MIO_API int mio_process_spawn(struct mio_process *process,
                                            struct mio_registry *registry, mio_token token,
                                            const struct mio_spawn_options *options);

MIO_END_DECLS

#endif
