/* SPDX-License-Identifier: MIT */
/*
 * Faults in the library's calls of libc.
 *
 * Every call that the library makes of a function in calls.def is redirected to a function here
 * (in its objects alone, so that tests and the kqueue model are left alone). It counts, and fails
 * where it has been told to: the n-th use of a row with one errno value. A call that fails has done
 * nothing, except where kernels do it all the same: close() has closed, connect() with EINTR or
 * EINPROGRESS is on its way, and kevent() with EINTR has made its changes.
 */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include <stdbool.h>
#include <sys/socket.h>

enum call {
#define CALL(function, row, ...) CALL_##row,
#include "calls.def"
#undef CALL
    CALLS
};

enum { MAX_ERRORS = 24 };

struct call_row {
    const char *name;
    int errors[MAX_ERRORS]; /* ended by 0 */
};

extern const struct call_row call_rows[CALLS];

struct fault {
    enum call call;
    unsigned nth; /* 1 is the first use; 0: no fault, calls are only counted */
    int error;
};

/* Counts from 0 again, and orders this fault. */
void fault_order(struct fault fault);

/* What was ordered. */
struct fault fault_ordered(void);

/* How often a row has been used since the order. */
unsigned fault_uses(enum call call);

/* Whether the fault has happened, in any thread; in this thread. */
bool fault_struck(void);
unsigned fault_strikes_here(void);

/* In between nothing is counted in this thread, and nothing fails. */
void fault_pause(void);
void fault_resume(void);

/* Once, just before the next use of a row: what another thread may do at that moment. */
void fault_meanwhile(enum call call, void (*run)(void));

/* What another kernel would answer: where there is a function, it stands in place of the call. */
struct kernel {
    int (*getpeername)(int fd, struct sockaddr *address, socklen_t *size);
    int (*getsockopt)(int fd, int level, int name, void *value, socklen_t *size);
    int (*setsockopt)(int fd, int level, int name, const void *value, socklen_t size);
};

/* From now on; NULL: this kernel again. */
void fault_kernel(const struct kernel *kernel);

/* Whether some thread is inside a wait that goes on until something comes. */
bool fault_someone_sleeps(void);

/* "EINTR" for EINTR. */
const char *fault_errno_name(int error);

#endif
