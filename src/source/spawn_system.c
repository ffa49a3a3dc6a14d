/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* posix_spawn_file_actions_addchdir_np */
#endif

#include "spawn_system.h"

#include <errno.h>

/* --- the directory --- */

#if MIO_PLATFORM == MIO_PLATFORM_NETBSD

/* Since NetBSD 10, by the name that POSIX has given it since. */
int mio__spawn_add_directory(posix_spawn_file_actions_t *actions, const char *directory)
{
    return posix_spawn_file_actions_addchdir(actions, directory);
}

#elif MIO_PLATFORM == MIO_PLATFORM_OPENBSD || MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY || \
    MIO_PLATFORM == MIO_PLATFORM_OTHER

int mio__spawn_add_directory(posix_spawn_file_actions_t *actions, const char *directory)
{
    (void)actions;
    (void)directory;
    return ENOTSUP;
}

#else

/* glibc 2.29, musl 1.1.24, FreeBSD 13.1, macOS 10.15, illumos. */
int mio__spawn_add_directory(posix_spawn_file_actions_t *actions, const char *directory)
{
    return posix_spawn_file_actions_addchdir_np(actions, directory);
}

#endif

/* --- the environment --- */

#if MIO_PLATFORM == MIO_PLATFORM_APPLE && defined(__APPLE__)

#include <crt_externs.h>

/* A shared library there has no `environ` of its own. */
char **mio__spawn_environment(void)
{
    return *_NSGetEnviron();
}

#else

extern char **environ;

char **mio__spawn_environment(void)
{
    return environ;
}

#endif
