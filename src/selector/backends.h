/* SPDX-License-Identifier: MIT */
/* Which selectors are compiled in, by platform. */
#ifndef MIO_SRC_SELECTOR_BACKENDS_H
#define MIO_SRC_SELECTOR_BACKENDS_H

#include <mio/platform.h>

struct mio__selector_ops;

#if defined(MIO_RECORD_KEVENT)
#define MIO_HAVE_KQUEUE 1
extern const struct mio__selector_ops mio__kqueue_ops;
#else
#define MIO_HAVE_KQUEUE 0
#endif

#if defined(MIO_RECORD_EPOLL)
#define MIO_HAVE_EPOLL 1
extern const struct mio__selector_ops mio__epoll_ops;
#else
#define MIO_HAVE_EPOLL 0
#endif

#if MIO_PLATFORM == MIO_PLATFORM_ILLUMOS
#define MIO_HAVE_PORTS 1
extern const struct mio__selector_ops mio__ports_ops;
#else
#define MIO_HAVE_PORTS 0
#endif

#if MIO_PLATFORM != MIO_PLATFORM_WINDOWS
#define MIO_HAVE_POLL 1
extern const struct mio__selector_ops mio__poll2_ops;
#else
#define MIO_HAVE_POLL 0
#endif

#endif
