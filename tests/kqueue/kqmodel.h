/* SPDX-License-Identifier: MIT */
/*
 * What a test may order from the kqueue model beyond kqueue(2) itself.
 *
 * The model is one translation unit a flavour: the flavour is chosen by defining one of
 * KQMODEL_FREEBSD, KQMODEL_NETBSD, KQMODEL_OPENBSD, KQMODEL_DRAGONFLY or KQMODEL_MACOS when it is
 * compiled, and the same definition makes <sys/event.h> in include/ show that system's layout and
 * constants.
 */
#ifndef KQMODEL_H
#define KQMODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/event.h>

/* "freebsd", "netbsd", "openbsd", "dragonfly" or "macos". */
const char *kqmodel_flavour(void);

/* Back to the state of program start: faults, counters, log and switches. Open kqueues stay. */
void kqmodel_reset(void);

/* --- faults: the n-th matching call from now on (1 is the next) fails with `error`, once --- */

/* The whole call fails before anything is done. With EINTR, and with the ETIMEDOUT that waits on
 * Darwin are seen to end in, the changes have been applied: it is the wait that fails. */
void kqmodel_fail_kevent(unsigned n, int error);

/* kqueue() and kqueue1() fail. */
void kqmodel_fail_kqueue(unsigned n, int error);

/* Changes that name this filter (and have EV_ADD) are refused with `error` until the order is taken
 * back with 0. */
void kqmodel_refuse_filter(int filter, int error);

/* Only the n-th such change from now on is refused. */
void kqmodel_refuse_change(unsigned n, int error);

/* --- switches --- */

/* Without EVFILT_USER, as NetBSD 9 and OpenBSD 7.7: adding one gives EINVAL. */
void kqmodel_set_user_filter(bool present);

/* The older answer where two releases of the system differ and both are in use (macOS 10.14's and
 * OpenBSD 7.0's EPIPE for a pipe without reader, a NetBSD-current pipe that attaches): true is the
 * older kernel.
 * The NetBSD flavour starts as the older one (NetBSD 10), the others as the newer. */
void kqmodel_set_older(bool older);

/* fstat() gives the device and inode that the system gives, by which most sockets and some pipes
 * cannot be told apart. On at the start; off: Linux's own. */
void kqmodel_set_system_identity(bool systems);

/* As libkqueue may: a change that succeeds gives no receipt, but for one of EVFILT_USER, and the
 * slot that is left goes to an event. */
void kqmodel_lose_receipts(bool lose);

/* --- events that come from elsewhere in a real kernel --- */

/* A finished asynchronous request, as aio(4) posts it to the kqueue named in its sigevent.
 * EVFILT_AIO, or EVFILT_LIO where the flavour has it. Returns 0, or -1 with errno where the flavour
 * lacks the filter. */
int kqmodel_post_aio(int kq, int filter, uintptr_t ident, void *udata);

/* --- counters and log --- */

/* Calls of kevent() since the last reset. */
unsigned kqmodel_kevent_calls(void);

/* The changes of the last call that had any, copied: at most `room` of them. Returns how many it
 * had. */
int kqmodel_last_changes(struct kevent *changes, int room);

/* The whole seconds that the last call was to wait at most; -1: for ever. */
int64_t kqmodel_last_timeout(void);

/* Knotes of this kqueue, and knotes of this (ident, filter): 0 or 1. */
int kqmodel_knotes(int kq);
bool kqmodel_has_knote(int kq, uintptr_t ident, int filter);

#endif
