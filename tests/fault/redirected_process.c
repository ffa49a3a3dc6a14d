/* SPDX-License-Identifier: MIT */
/* Calls that concern processes, in the library's objects. */
#define _GNU_SOURCE

#include "strike.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

enum { BY_PIDFD = 3 };

int fault_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
int fault_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    int saved = errno;
    int error = strike((int)type == BY_PIDFD ? CALL_waitid_pidfd : CALL_waitid_pid);
    if (error != 0) {
        errno = error;
        return -1;
    }
    errno = saved;
    return waitid(type, id, info, options);
}

pid_t fault_waitpid(pid_t pid, int *status, int options);
pid_t fault_waitpid(pid_t pid, int *status, int options)
{
    int error = strike(CALL_waitpid);
    if (error == 0)
        return waitpid(pid, status, options);
    errno = error;
    return -1;
}

int fault_kill(pid_t pid, int signo);
int fault_kill(pid_t pid, int signo)
{
    int error = strike(CALL_kill);
    if (error == 0)
        return kill(pid, signo);
    errno = error;
    return -1;
}

/* Defines fault_<name> of a function that returns 0 or an errno value, and may leave anything in
 * errno. */
#define RETURNED(name, parameters, arguments)       \
    int fault_##name parameters;                    \
    int fault_##name parameters                     \
    {                                               \
        int error = strike(CALL_##name);            \
        return error == 0 ? name arguments : error; \
    }

RETURNED(posix_spawn,
         (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
          const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]),
         (pid, path, actions, attributes, argv, envp))
RETURNED(posix_spawnp,
         (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions,
          const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]),
         (pid, file, actions, attributes, argv, envp))
RETURNED(posix_spawn_file_actions_init, (posix_spawn_file_actions_t * actions), (actions))
RETURNED(posix_spawn_file_actions_adddup2,
         (posix_spawn_file_actions_t * actions, int fd, int place), (actions, fd, place))
RETURNED(posix_spawn_file_actions_addopen,
         (posix_spawn_file_actions_t * actions, int fd, const char *path, int flags, mode_t mode),
         (actions, fd, path, flags, mode))
RETURNED(posix_spawn_file_actions_addchdir_np,
         (posix_spawn_file_actions_t * actions, const char *path), (actions, path))
RETURNED(posix_spawnattr_init, (posix_spawnattr_t * attributes), (attributes))
