/* SPDX-License-Identifier: MIT */
/* Addresses, sockets and pipes. Each socket or pipe is a struct mio_source with a type. */
#ifndef MIO_NET_H
#define MIO_NET_H

#include <mio/addr.h>
#include <mio/io.h>
#include <mio/pipe.h>
#include <mio/socket.h>
#include <mio/tcp.h>
#include <mio/udp.h>
#include <mio/udp_batch.h>
#include <mio/unix.h>

#endif
