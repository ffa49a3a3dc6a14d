/* SPDX-License-Identifier: MIT */
/*
 * libmio: which of a program's descriptors are ready, the same way on every system.
 *
 * One header to include. Its macros begin with MIO_, but for mio_events_each, and it includes no
 * system header beyond <stddef.h>, <stdint.h> and <stdbool.h>. Two headers are not part of it and
 * are included by name, since each shows what one kernel alone has: mio/kqueue.h and mio/epoll.h.
 */
#ifndef MIO_H
#define MIO_H

#include <mio/buffered.h>
#include <mio/event.h>
#include <mio/events.h>
#include <mio/interest.h>
#include <mio/io.h>
#include <mio/net.h>
#include <mio/options.h>
#include <mio/platform.h>
#include <mio/poll.h>
#include <mio/post.h>
#include <mio/process.h>
#include <mio/registry.h>
#include <mio/signal.h>
#include <mio/slab.h>
#include <mio/source.h>
#include <mio/timer.h>
#include <mio/types.h>
#include <mio/version.h>
#include <mio/waker.h>
#include <mio/watch.h>

#endif
