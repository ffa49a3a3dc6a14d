/* SPDX-License-Identifier: MIT */
/* The system's <spawn.h>: NetBSD has the name that POSIX has given a function of the others'. */
#ifndef KQMODEL_SPAWN_H
#define KQMODEL_SPAWN_H

#pragma GCC system_header /* #include_next is an extension */
#include_next <spawn.h>

#if defined(KQMODEL_NETBSD)
#define posix_spawn_file_actions_addchdir posix_spawn_file_actions_addchdir_np
#endif

#endif
