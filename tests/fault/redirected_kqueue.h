/* SPDX-License-Identifier: MIT */
#ifndef FAULT_REDIRECTED_KQUEUE_H
#define FAULT_REDIRECTED_KQUEUE_H

#include <mio/event.h>

#if defined(MIO_RECORD_KEVENT)

#include <kqmodel.h>

/* Once: the next change or wait that gives receipts or events gives what `how` makes of them. */
void fault_rewrite_results(void (*how)(struct kevent *list, int count));

#endif
#endif
