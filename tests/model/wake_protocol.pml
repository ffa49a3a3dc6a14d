/* SPDX-License-Identifier: MIT */
/*
 * The waker protocol of src/wake/wake_queue.c: one waiter, two threads that wake it, a doorbell.
 * README.md says which function each part stands for, and what is left out.
 *
 * Every statement outside of atomic and d_step is one access to something shared; Spin tries the
 * processes' steps in every order. Two things are checked: when nobody can take another step, no
 * wake is left undelivered; the doorbell's record never gets to the caller; and nobody rings for a
 * node that another has put on the stack, or for a waiter that only looks.
 *
 * Switches:
 *   CAPACITY=n    room for n events in a wait: with 1, nodes and the doorbell stay behind
 *   WAKES=n       how often each thread wakes
 *   ONE_WAKER     both threads wake the same waker
 *   PEER          another descriptor becomes ready, once
 *   SIGNAL        a sleep ends early, once: a signal, or the time is up
 *   EMBEDDED      mio_poll_fd() is called meanwhile; from then on somebody else sleeps
 *   RING_FAILS    the kernel refuses a ring, once; who is told so wakes again
 * and, each of them a way to break it:
 *   NO_FENCE      "asleep" is a plain store, which the second look may overtake
 *   NO_RECHECK    there is no second look
 *   NO_KICK       making the doorbell does not ring it
 *   NO_FINISH     a wait that became mediated while it slept ends as if it had not
 *   SETTLE_EARLY  a fetch that filled all its room counts as one that had room to spare
 *   STAY_ASLEEP   a waiter whose second look finds something stays asleep while it looks
 *   RING_PENDING  a wake of a node that is pending looks for a sleeper too
 *   NO_AGAIN      so it does not after a ring has failed
 *   FORGET_LATE   a failure is forgotten after the next ring instead of before it
 */

#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef WAKES
#define WAKES 2
#endif
#define WAKERS 2
#define NOBODY 255
#define WAITER 1 /* the first process that runs */

#ifdef ONE_WAKER
#define NODE_OF(thread) 0
#else
#define NODE_OF(thread) thread
#endif

mtype = { IDLE, PENDING, AWAKE, ASLEEP, RUNG, NOTHING };

/* struct mio__wake_node */
mtype state[WAKERS] = IDLE;
byte next[WAKERS] = NOBODY;

/* struct mio__wake_queue */
byte incoming = NOBODY;
mtype waiter = AWAKE;
mtype resting = AWAKE;
bool armed;
bool mediated; /* a wait is more than ops->select(): mio__selector_is_direct(), turned round */
byte rings_begun;
byte rings_done;
bool unrung;
byte taken[WAKERS] = NOBODY; /* the waiter's own, as is `settled`; first come first */
byte settled;

bool arming;              /* the lock of that name in struct mio_selector */
mtype buffered = NOTHING; /* the waiter's store to `waiter` that others do not see yet */

/* The kernel: what a fetch would find. */
bool bell;   /* the doorbell has an edge to report; ringing again changes nothing */
bool socket; /* some other descriptor has */

bool embedded; /* mio_poll_fd() has returned */
bool over;     /* nobody can take another step */
bool looks;    /* the waiter has found something at its second look, and does not sleep */
bool may_fail = true;

/* --- the waker's side --- */

inline ring()
{
    rings_begun++;
    bell = true;
    rings_done++
}

inline ring_or_fail()
{
    rings_begun++;
    if
    :: bell = true
#ifdef RING_FAILS
    :: d_step { may_fail && _pid != WAITER -> may_fail = false; failed = true; printf("the ring fails\n") }
#endif
    fi;
    rings_done++
}

/* The look at `waiter` before the exchange only saves time, and is left out. */
inline ring_sleeper(is_entitled)
{
    if
    :: atomic {
        waiter == ASLEEP ->
        assert((is_entitled) && !looks);
        waiter = RUNG;
        printf("process %d rings\n", _pid)
       };
#ifndef FORGET_LATE
       unrung = false;
#endif
       ring_or_fail();
       if
       :: failed ->
           unrung = true;
           d_step {
               if
               :: waiter == RUNG -> waiter = ASLEEP
               :: else
               fi
           }
       :: !failed
#ifdef FORGET_LATE
           -> unrung = false
#endif
       fi
    :: atomic { waiter != ASLEEP -> printf("process %d need not ring\n", _pid) }
    fi
}

inline arm(may_sleep)
{
    if
    :: armed
    :: !armed ->
        atomic { !arming -> arming = true };
        if
        :: armed
        :: !armed ->
            atomic { mediated = true; printf("the doorbell is there\n") };
#ifndef NO_KICK
            if
            :: may_sleep -> ring()
            :: !may_sleep
            fi;
#endif
            armed = true
        fi;
        arming = false
    fi
}

inline push(node)
{
    top = incoming;
    do
    :: atomic {
        incoming == top ->
        next[node] = top;
        incoming = node;
        top = NOBODY;
        printf("process %d wakes: the node is on the stack\n", _pid);
        break
       }
    :: atomic { incoming != top -> top = incoming }
    od
}

inline wake(node)
{
    again = false;
    if
    :: atomic { state[node] == IDLE -> state[node] = PENDING };
       push(node);
       pushed = true
    :: atomic { state[node] == PENDING -> printf("process %d wakes: pending already\n", _pid) };
       pushed = false;
#ifndef NO_AGAIN
       again = unrung
#endif
    fi;
    if
#ifdef RING_PENDING
    :: true -> ring_sleeper(pushed || again)
#else
    :: pushed || again -> ring_sleeper(true)
    :: !pushed && !again
#endif
    fi
}

proctype Thread(byte node)
{
    byte wakes;
    byte top = NOBODY;
    bool pushed, again, failed;

    arm(true);
    do
    :: atomic { failed -> failed = false }; wake(node)
    :: atomic { !failed && wakes < WAKES -> wakes++ }; wake(node)
    :: !failed && wakes == WAKES -> break
    od
}

proctype Peer()
{
    socket = true
}

/* --- the waiter's side --- */

/* What makes a plain store visible, some time. */
proctype StoreBuffer()
{
end:
    do
    :: atomic {
        buffered != NOTHING ->
        waiter = buffered;
        buffered = NOTHING;
        printf("what the waiter stored is seen: it is %e\n", waiter)
       }
    od
}

/* Stores do not overtake one another. */
inline store_plainly(value)
{
    d_step {
        if
        :: buffered != NOTHING -> waiter = buffered
        :: else
        fi;
        buffered = value;
        printf("the waiter stores %e, which nobody sees yet\n", value)
    }
}

/* A sequentially consistent exchange: what was stored before it is visible too. */
inline exchange(value)
{
    d_step {
        buffered = NOTHING;
        waiter = value;
        printf("the waiter is %e\n", value)
    }
}

/* What the waiter itself sees: its own store first. */
#define OWN_WAITER (buffered != NOTHING -> buffered : waiter)

#define ANYTHING_PENDING (taken[0] != NOBODY || incoming != NOBODY)

/* At most `room` records, in any order; not both bits of it at once when there is room for one. */
inline take_records(room)
{
    if
    :: !bell || !socket || room > 1 -> got_bell = bell; count = count + bell + socket;
       bell = false; socket = false
    :: bell && socket && room == 1 -> got_bell = true; count++; bell = false
    :: bell && socket && room == 1 -> count++; socket = false
    fi
}

/* From here to the end, `count` is of events written so far; it is -1 after a signal. The room is
 * what `count` leaves of CAPACITY. */
inline ask_kernel(sleeps)
{
    if
    :: atomic { sleeps -> before = count; printf("the waiter sleeps\n") };
       if
       :: atomic {
            bell || socket ->
            take_records(CAPACITY - before);
            printf("the waiter is up again\n")
          }
#ifdef SIGNAL
       :: atomic { !interrupted -> interrupted = true; count = -1 }
#endif
       :: over
       fi
    :: atomic { !sleeps -> before = count; take_records(CAPACITY - before) }
    fi
}

inline look_through(done)
{
    d_step {
        if
        :: rings_begun == settled || count < 0 -> assert(!got_bell)
        :: else ->
            if
#ifdef SETTLE_EARLY
            :: rings_begun == done -> settled = rings_begun
#else
            :: rings_begun == done && count < CAPACITY -> settled = rings_begun
#endif
            :: else
            fi;
            count = count - got_bell
        fi;
        got_bell = false;
        before = 0;
        done_before = 0
    }
}

inline fetch(sleeps)
{
    done_before = rings_done;
    ask_kernel(sleeps);
    look_through(done_before)
}

/* The whole stack in one step: nobody else writes `next` of a node that is on it. */
inline take_incoming()
{
    if
    :: incoming == NOBODY
    :: d_step {
        incoming != NOBODY ->
        if
        :: next[incoming] != NOBODY && taken[0] == NOBODY ->
            taken[0] = next[incoming];
            taken[1] = incoming
        :: next[incoming] == NOBODY && taken[0] == NOBODY -> taken[0] = incoming
        :: else ->
            assert(next[incoming] == NOBODY && taken[1] == NOBODY && taken[0] != incoming);
            taken[1] = incoming
        fi;
        next[0] = NOBODY;
        next[1] = NOBODY;
        incoming = NOBODY
       }
    fi
}

inline hand_over()
{
    take_incoming();
    do
    :: d_step {
        taken[0] != NOBODY && count < CAPACITY ->
        assert(state[taken[0]] == PENDING);
        state[taken[0]] = IDLE;
        printf("the waiter delivers the wake of node %d\n", taken[0]);
        taken[0] = taken[1];
        taken[1] = NOBODY;
        count++
       }
    :: taken[0] == NOBODY || count == CAPACITY -> break
    od
}

inline end_wait()
{
    if
    :: d_step { resting == ASLEEP -> now_resting = ASLEEP }
    :: d_step { resting == AWAKE -> now_resting = AWAKE }
    fi;
    looks = false;
    if
    :: now_resting == AWAKE -> store_plainly(AWAKE)
    :: d_step { now_resting == ASLEEP && OWN_WAITER == ASLEEP -> printf("the waiter stays ASLEEP\n") }
    :: d_step { now_resting == ASLEEP && OWN_WAITER != ASLEEP } -> exchange(ASLEEP)
    fi;
    if
    :: count >= 0 && count < CAPACITY -> hand_over()
    :: else
    fi;
    assert(count <= CAPACITY);
    if
    :: now_resting == ASLEEP ->
        if
        :: ANYTHING_PENDING -> ring_sleeper(true); failed = false
        :: !ANYTHING_PENDING
        fi
    :: now_resting == AWAKE
    fi
}

inline select_awake()
{
    if
    :: pending -> hand_over()
    :: pending /* the kernel first: they take turns, here in any order */
    fi;
    if
    :: count < CAPACITY -> fetch(false)
    :: count == CAPACITY
    fi;
    end_wait()
}

/* mio__wake_queue_begin_wait() */
inline begin_wait(may_sleep)
{
    pending = ANYTHING_PENDING;
    if
    :: may_sleep && !pending ->
#ifdef NO_FENCE
        store_plainly(ASLEEP);
#else
        exchange(ASLEEP);
#endif
#ifndef NO_RECHECK
        d_step {
            pending = ANYTHING_PENDING;
            printf("the waiter looks again: pending is %d\n", pending)
        };
#endif
        if
        :: pending ->
#ifdef STAY_ASLEEP
            looks = (resting == AWAKE)
#else
            d_step { buffered = NOTHING; waiter = resting; looks = (resting == AWAKE) }
#endif
        :: !pending
        fi
    :: !may_sleep || pending
    fi
}

/* A fetch that sleeps if it may, and the end of its wait. */
inline select_calmly(may_sleep)
{
    done_before = rings_done;
    ask_kernel(may_sleep);
    if
    /* mio__wake_queue_end_quietly() */
    :: count > 0 && rings_begun == settled && resting == AWAKE ->
        assert(!got_bell);
        store_plainly(AWAKE)
    :: !(count > 0 && rings_begun == settled && resting == AWAKE) ->
        look_through(done_before);
        end_wait()
    fi
}

/* mio__wait_once() */
inline wait(forever)
{
    if
    :: !mediated ->
        ask_kernel(forever);
        if
#ifndef NO_FINISH
        :: mediated -> look_through(settled); end_wait()
#endif
        :: atomic { !mediated -> assert(!got_bell) }
#ifdef NO_FINISH
        :: atomic { mediated -> assert(!got_bell) }
#endif
        fi
    :: mediated ->
        begin_wait(forever);
        if
        :: pending -> select_awake()
        :: !pending -> select_calmly(forever)
        fi
    fi;
    d_step { count = 0; pending = false; before = 0; done_before = 0; now_resting = AWAKE }
}

/* mio_poll_fd(), which is not called while another thread waits. */
inline embed()
{
    arm(false);
    /* An exchange too: the waiter's own last store is visible after it. */
    d_step {
        if
        :: buffered != NOTHING -> waiter = buffered; buffered = NOTHING
        :: else
        fi;
        resting = ASLEEP
    };
    atomic {
        if
        :: waiter == AWAKE -> waiter = ASLEEP
        :: else
        fi
    };
    if
    :: ANYTHING_PENDING -> ring()
    :: !ANYTHING_PENDING
    fi;
    atomic { embedded = true; printf("somebody else sleeps from now on\n") }
}

proctype Waiter()
{
    bool pending, got_bell, interrupted, failed;
    byte done_before, before;
    mtype now_resting = AWAKE;
    short count;

    do
    :: over -> break
    :: !over && !embedded -> wait(true)
#ifdef EMBEDDED
    :: !over && !embedded -> embed()
    /* Somebody else sleeps, until the selector's descriptor is readable. */
    :: !over && embedded && (bell || socket) -> wait(false)
#endif
    od
}

init
{
    atomic {
        run Waiter();
        run Thread(NODE_OF(0));
        run Thread(NODE_OF(1));
#ifdef PEER
        run Peer();
#endif
        run StoreBuffer()
    }
    atomic {
        timeout ->
        if
        :: state[0] == PENDING || state[1] == PENDING || incoming != NOBODY ->
            printf("nobody can take another step: a wake is lost\n")
        :: else
        fi;
        assert(state[0] == IDLE && state[1] == IDLE && incoming == NOBODY);
        over = true
    }
}
