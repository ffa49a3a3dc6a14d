/* SPDX-License-Identifier: MIT */
/*
 * The benchmark's two sides: peers, which are event loops behind one small table, and workloads,
 * which run every peer in turn, round after round, and compare each with the bare epoll loop of the
 * same round.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- what a peer supplies --- */

enum { BENCH_CAPACITY = 1024, BENCH_MESSAGE = 64, BENCH_BUFFER = 4096 };

/* A peer's own struct. It is opened, waited on and closed by one thread. */
struct bench_loop;

struct bench_options {
    size_t descriptors; /* slots that add() will name: 0 to descriptors - 1 */
    bool wakes;         /* wake() will be called */
    size_t capacity;    /* events of one wait, where it is the caller's; 0: BENCH_CAPACITY */
    bool level;         /* interest is level-triggered; not asked of a peer with `only_edges` */
};

/* How libmio accepts. The others accept until there is nothing left, whatever is asked for. */
enum bench_accepting {
    BENCH_ACCEPT_ALL,     /* the listener is edge-triggered: until there is nothing left */
    BENCH_ACCEPT_ONE,     /* it is level-triggered: one for an event */
    BENCH_ACCEPT_AND_READ /* the same, and the request is looked for before it is waited for */
};

/* A TCP server's orders and progress; see serve(). */
struct bench_server {
    int listener;    /* non-blocking */
    int connections; /* how many will be accepted, or are open at a time */
    bool once;       /* a connection is for one request, then the server closes it */
    bool level;      /* interest is level-triggered; not asked of a peer with `only_edges` */
    enum bench_accepting accepting;
    int64_t spin_ns;  /* libmio spins for so long before it sleeps */
    long warm_up;     /* requests before the clock starts */
    long requests;    /* requests between its start and its end */
    long answered;    /* so far */
    bool wall;        /* the clock is that on the wall, not the CPU time of the serving thread */
    int64_t begin_ns; /* when the clock started */
    int64_t end_ns;
};

/*
 * Timers: a loop with `n` of them and nothing else. Times count from when the loop has last looked
 * at the clock, where it does so once a look; what sets them reads no clock then.
 */
struct bench_timers {
    /* `shared`: other threads may set timers, too. NULL: the peer has no such loop, or not so many
     * timers. None is set. */
    void *(*open)(size_t n, bool shared);
    void (*close)(void *timers);
    void (*set)(void *timers, size_t slot, int64_t after_ns); /* of one that is not set */
    void (*cancel)(void *timers, size_t slot);                /* of one that is */
    void (*look)(void *timers);                               /* a wait that does not sleep */
};

/*
 * What a peer does is what a program that uses it would do: it finds out which descriptors are
 * ready and reads or answers them by the means that the peer offers, else by libc's. Interest is
 * edge-triggered where the peer can.
 */
struct bench_peer {
    const char *name;
    const char *what; /* for the legend */
    const char *(*version)(void);

    struct bench_loop *(*open)(const struct bench_options *options);
    void (*close)(struct bench_loop *loop);

    /* Watches a descriptor for reading; watches it for both directions; stops. */
    void (*add)(struct bench_loop *loop, size_t slot, int fd);
    void (*change)(struct bench_loop *loop, size_t slot, int fd);
    void (*remove)(struct bench_loop *loop, size_t slot, int fd);

    /* As add() and its kin for `n` slots from 0 on. NULL: one by one. */
    void (*add_many)(struct bench_loop *loop, const int *fds, size_t n);
    void (*change_many)(struct bench_loop *loop, const int *fds, size_t n);
    void (*remove_many)(struct bench_loop *loop, const int *fds, size_t n);

    /* A wait that does not sleep. */
    void (*look)(struct bench_loop *loop);

    /* Waits until `n` descriptors (eventfds) have been reported, and reads each once. */
    void (*dispatch)(struct bench_loop *loop, long n);

    /* Any thread; the loop's wait ends. NULL: the peer cannot be woken. */
    void (*wake)(struct bench_loop *loop);
    /* Sleeps until a wake has come, if none has. Returns at the first. */
    void (*await_wake)(struct bench_loop *loop);

    /* Accepts, and answers each request with itself, until bench_answered() says to stop. Closes
     * all connections. NULL: no server. */
    void (*serve)(struct bench_server *server);

    const struct bench_timers *timers; /* NULL: it has none */

    /* It asks about every descriptor in every wait: left out where that would take minutes. */
    bool looks_at_all;

    /* Its serve() heeds bench_server.accepting and spin_ns. */
    bool serves_as_asked;

    /* It has edges alone: left out where interest is level-triggered. */
    bool only_edges;
};

/* All that were built, ended by NULL. The first is the bare loop, the base of all ratios. */
extern const struct bench_peer *const bench_peers[];
extern const struct bench_peer bench_mio; /* libmio over epoll, for what only it has */

/* --- what peers use --- */

/* Ends the program with perror() unless the condition holds. */
void bench_need(bool condition, const char *what);
void *bench_allocate(size_t count, size_t size);

/* Reads an eventfd by libc's read(). */
void bench_read(int fd);

/* A request was answered: true when the server has to stop. */
bool bench_answered(struct bench_server *server);

/* The next connection, non-blocking, or -1. */
int bench_accept(const struct bench_server *server);

/* Receives and sends back by libc's recv() and send(): false at the connection's end. */
bool bench_answer(int fd);

/* Closing will send a reset, so that no port is left waiting. */
void bench_linger(int fd);
void bench_close(int fd);

/* --- what workloads use --- */

int64_t bench_wall_ns(void);
int64_t bench_cpu_ns(void); /* of this thread */

/* Pins this thread: 0 is where servers and waits run, 1 where clients and other threads do. */
void bench_pin(int core);

/* A write of 1 to an eventfd by a direct system call, so that the harness costs all the same. */
void bench_ring(int fd);

int bench_eventfd(void);

/* What one round measures: the cost of one operation, in nanoseconds. A peer that cannot take part
 * returns a negative number. */
typedef double bench_round(const struct bench_peer *peer, long parameter);

/* Rounds of a workload, at its full size; `quick` runs have fewer. */
struct bench_workload {
    const char *name;  /* dispatch */
    const char *unit;  /* event: what the cost is of */
    const char *clock; /* "cpu", "wall" or "bytes" */
    const long *parameters;
    size_t count; /* of parameters */
    bool threads; /* a second thread exists from the start */
    bool once;    /* exact: one round is enough */
    int rounds;
    int seconds; /* begins no other round after so long; 0: 60 */
    bench_round *round;
    /* One operation without a clock, for callgrind, between bench_counted(). NULL: not counted. */
    void (*count_instructions)(const struct bench_peer *peer, long parameter, long times);
};

/* All of them, ended by NULL. */
extern const struct bench_workload *const bench_workloads[];

extern const struct bench_workload bench_dispatch, bench_dispatch_waker, bench_dispatch_level,
    bench_dispatch_threads, bench_idle, bench_capacity, bench_churn, bench_churn_waker,
    bench_churn_looked, bench_wake_busy, bench_wake_wait, bench_wake_pending,
    bench_wake_asleep_near, bench_wake_asleep_far, bench_wake_storm, bench_echo, bench_echo_level,
    bench_round_trip, bench_accepting, bench_accept_patterns, bench_file, bench_memory_descriptor,
    bench_memory_poll, bench_descriptors_poll, bench_udp, bench_timers_moved, bench_timers_new,
    bench_timers_shared, bench_posts, bench_posts_threads;

/* How long one round should take, in nanoseconds. */
extern int64_t bench_round_ns;

typedef void bench_operation(const struct bench_peer *peer, struct bench_loop *loop, void *user);

/* Runs an operation for about bench_round_ns and returns the CPU time of one, in nanoseconds. */
double bench_time(bench_operation *operation, const struct bench_peer *peer,
                  struct bench_loop *loop, void *user);

/* What callgrind looks at: `times` times the operation. */
void bench_counted(bench_operation *operation, const struct bench_peer *peer,
                   struct bench_loop *loop, void *user, long times);

/* Starts a thread that sleeps for ever. */
void bench_start_sleeper(void);

#endif
