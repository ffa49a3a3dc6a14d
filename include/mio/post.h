/* SPDX-License-Identifier: MIT */
/*
 * Posted events: a token and 64 bits of the program's own, from any thread and from signal handlers
 * to the thread that waits.
 *
 *   mio_post_queue_new(registry, 9, 1024, &queue);
 *   ...
 *   mio_post(queue, JOB_DONE, (uint64_t)number);   // another thread
 *   ...
 *   if (mio_event_token(event) == 9) {             // the thread that waits
 *       struct mio_posted posted;
 *       while (mio_post_take(queue, &posted) > 0)
 *           ...
 *   }
 *
 * A queue has room for so many posts, and refuses one more. While no thread sleeps in the poll's
 * wait a post makes no system call. It allocates nothing, takes no lock and never waits for another
 * thread, so a signal handler may post to a queue that the interrupted thread is just posting to.
 *
 * WHEN AN EVENT COMES. Every post is followed by an event: one that was made before the queue's
 * last event was handed out is in that event, and any other makes a new one, whatever has been
 * taken meanwhile. So whoever takes until there is nothing left misses nothing. What is left in the
 * queue is still there with the next event, and is told of by no event of its own.
 *
 * ORDER. Posts of one thread are taken in the order in which they were made. Those of several
 * threads come in the order in which their places were taken. A post that is being made hides those
 * behind it, until it is made; then its own event comes.
 */
#ifndef MIO_POST_H
#define MIO_POST_H

#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_registry;
struct mio_post_queue;

/* The most posts that a queue can be asked to hold. */
#define MIO_POST_MAX MIO_CAST(size_t, 0x1000000)

/* What was posted. */
struct mio_posted {
    mio_token token;
    uint64_t payload;
};

/*
 * Makes a queue of the registry's poll, to be freed by mio_post_queue_free(), before the poll is
 * freed or afterwards. Its event is readable and has this token. It has room for `capacity` posts,
 * rounded up to a power of 2, of 24 bytes each (2 posts at least).
 *
 * -EINVAL: NULL, or a capacity of 0 or above MIO_POST_MAX. -ENOMEM. -ECHILD: see mio_poll_wait().
 * Any other error is that of mio_waker_new(), whose doorbell queues share. After an error no queue
 * is made.
 */
MIO_NODISCARD MIO_API int mio_post_queue_new(struct mio_registry *registry, mio_token token,
                                             size_t capacity, struct mio_post_queue **queue);

/*
 * Posts. The thread that takes it sees whatever this thread wrote before the call. Any thread;
 * async-signal-safe; never blocks. When the poll has been freed no event follows, and what is
 * posted can still be taken.
 *
 * -EAGAIN: the queue is full; nothing was posted. -EINVAL: NULL. -ECHILD: see mio_poll_wait(). Any
 * other error is the kernel's: it was posted, and the next wait will deliver the event, but a
 * thread that sleeps may not have been told. The next post or wake tries again.
 */
MIO_NODISCARD MIO_API int mio_post(struct mio_post_queue *queue, mio_token token, uint64_t payload);

/*
 * Takes the oldest post: 1, or 0 when there is none, and `posted` is as it was. One thread at a
 * time, as a rule the one that waits. -EINVAL: NULL. -ECHILD: see mio_poll_wait().
 */
MIO_API int mio_post_take(struct mio_post_queue *queue, struct mio_posted *posted);

/* Frees a queue (or NULL), and what is in it. No wait that begins after this has returned delivers
 * its token. No thread may be in a call on it. */
MIO_API void mio_post_queue_free(struct mio_post_queue *queue);

MIO_END_DECLS

#endif
