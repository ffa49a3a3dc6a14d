/* SPDX-License-Identifier: MIT */
/*
 * The sweep: a scenario is run once to count the library's calls, and then once for each of them
 * and each errno value that it may give.
 *
 * A scenario is a straight program of the public interface. Each of its steps says what it returns
 * when nothing fails. When the fault falls into a step, the step must give what documented.c says;
 * and if that is an error, the step is made again and must now do what it does without a fault:
 * so everything before it is still as it was, and nothing of the attempt is left. Whatever happens,
 * errno is as before, out-parameters of a failed step are untouched, the log is told exactly when
 * it should, and in the end descriptors and memory are what they were.
 *
 *   STEP(0, mio_poll_wait(poll, events, 0));
 *   STEP_OR(0, mio_registry_register(registry, fd, 1, MIO_READABLE)) {
 *       ... what to look at after each failure
 *   }
 */
#ifndef FAULT_SWEEP_H
#define FAULT_SWEEP_H

#include "test.h"

#include <mio.h>

#include <stddef.h>

/* --- sweeps --- */

enum {
    IN_PROCESS = 0,
    APART = 1,    /* each run in a child: what is found out once in a process is found out again */
    THREADED = 2, /* how often calls are used differs from run to run */
    MEMORY = 4    /* only allocations fail: the rest is as in shorter scenarios */
};

void sweep(const char *name, void (*scenario)(void), int how);

/* The selector that MIO_BACKEND named when the program began. */
const char *swept_backend(void);
bool sweeps(const char *backend);

/* --- steps --- */

/* The result wanted of a step that counts: anything from 0 up. */
#define ANY_COUNT INT64_MAX

struct step {
    const char *text;
    const char *file;
    int line;
    unsigned strikes; /* of this thread, before */
    unsigned logged;
    bool again;   /* the fault was in the first attempt */
    void *object; /* an out-parameter, filled with a pattern; or NULL */
    size_t size;
};

struct step step_begin(const char *text, void *object, size_t size, const char *file, int line);

/* Judges an attempt. Whether it failed as it may, so that another one is due. */
bool step_failed(struct step *step, int64_t want, int64_t result);

/* Before that attempt, and after what was looked at in between. */
void step_again(struct step *step);

#define STEP_NAME_(line) step_of_line_##line
#define STEP_NAME(line)  STEP_NAME_(line)
#define STEP_(object, size, want, call, text)                                                      \
    for (struct step STEP_NAME(__LINE__) = step_begin(text, (object), (size), __FILE__, __LINE__); \
         step_failed(&STEP_NAME(__LINE__), (want), (int64_t)(call));                               \
         step_again(&STEP_NAME(__LINE__)))

#define STEP_OR(want, call) STEP_(NULL, 0, want, call, #call)
#define MAKE_OR(made, call) STEP_(made, sizeof *(made), 0, call, #call)

/* The same with nothing to look at after a failure. */
#define STEP(want, call)  \
    STEP_OR(want, call) { \
    }

/* A step that writes to `made` (a pointer to it) when it succeeds, and only then. */
#define MAKE(made, call)  \
    MAKE_OR(made, call) { \
    }

/* A step without a result. */
#define FREE(call)                        \
    STEP_(NULL, 0, 0, ((call), 0), #call) \
    {                                     \
    }

/* How often this thread's log was told of something. */
unsigned log_count(void);

/* What has to hold in every run, whatever failed. */
#define HOLDS(condition) step_holds((condition), #condition, __FILE__, __LINE__)
bool step_holds(bool condition, const char *text, const char *file, int line);

/* --- a poll with a canary in it: a pair of descriptors that must still be heard at its end --- */

enum { ONE = 1, TWO = 2, THREE = 3, MOST_TOKENS = 16 };
enum { BOTH = MIO_READABLE | MIO_WRITABLE, EXCLUSIVE = MIO_READABLE | MIO_EXCLUSIVE };

struct loop {
    struct mio_poll *poll;
    struct mio_registry *registry;
    struct mio_events *events;
    int canary[2];
    uint32_t seen[MOST_TOKENS]; /* readiness that has come for a token while another was awaited */
};

struct mio_options loop_options(uint32_t flags);
struct loop loop_open(uint32_t flags, size_t capacity);
void loop_close(struct loop *loop);
void canary_enter(struct loop *loop);
void canary_leave(struct loop *loop);

/* Waits once, for at most some seconds; again after an error. How many events there are. */
int wait_once(struct loop *loop);

/* Waits until all of `readiness` has been reported for the token; what has come for others is
 * remembered for their turn. */
void await(struct loop *loop, mio_token token, uint32_t readiness);

/* Nothing is ready now. */
void silent(struct loop *loop);

/* The poll does not know the descriptor. */
void expect_unregistered(struct loop *loop, int fd);

/* --- descriptors --- */

enum { NEAR, FAR };

void open_pair(int ends[2]);
void open_pipe(int ends[2]);
void close_ends(const int ends[2]);
void put(int fd, const char *text);
void drain(int fd);
void prepare(int fd);
bool is_prepared(int fd); /* non-blocking and close-on-exec */

#endif
