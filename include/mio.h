/* SPDX-License-Identifier: MIT */
/*
 * libmio: which of a program's descriptors are ready, the same way on every system.
 *
 * This is the only header to include; it defines no macro outside MIO_ and mio_events_each, and
 * includes no system header beyond <stddef.h>, <stdint.h> and <stdbool.h>. What reaches through to
 * one kernel interface, mio/kqueue.h and mio/epoll.h, is asked for by name.
 */
#ifndef MIO_H
#define MIO_H

#include <mio/event.h>
#include <mio/events.h>
#include <mio/interest.h>
#include <mio/io.h>
#include <mio/net.h>
#include <mio/options.h>
#include <mio/platform.h>
#include <mio/poll.h>
#include <mio/registry.h>
#include <mio/slab.h>
#include <mio/source.h>
#include <mio/types.h>
#include <mio/version.h>
#include <mio/waker.h>

#endif
