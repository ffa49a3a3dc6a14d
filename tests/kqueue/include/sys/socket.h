/* SPDX-License-Identifier: MIT */
/* Linux's header, and what those of the systems that are modelled have beside it. */
#ifndef KQMODEL_SYS_SOCKET_H
#define KQMODEL_SYS_SOCKET_H

#pragma GCC system_header /* #include_next is no error there */

#include_next <sys/socket.h>
#include <sys/types.h> /* off_t, which musl has there alone */

#if defined(KQMODEL_FREEBSD) || defined(KQMODEL_NETBSD) || defined(KQMODEL_DRAGONFLY)
#define SO_ACCEPTFILTER 0x1000

struct accept_filter_arg {
    char af_name[16];
    char af_arg[256 - 16];
};
#endif

struct sf_hdtr;

#if defined(KQMODEL_FREEBSD) || defined(KQMODEL_DRAGONFLY)
int sendfile(int file, int socket, off_t offset, size_t size, struct sf_hdtr *around, off_t *sent,
             int flags);
#elif defined(KQMODEL_MACOS)
int sendfile(int file, int socket, off_t offset, off_t *size, struct sf_hdtr *around, int flags);
#endif

#endif
