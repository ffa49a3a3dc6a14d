/* SPDX-License-Identifier: MIT */
/* The one kind of lock the library uses: short, uncontended, never held while sleeping. */
#ifndef MIO_SRC_LOCK_H
#define MIO_SRC_LOCK_H

#include <pthread.h>

typedef pthread_mutex_t mio_lock;

/* A default mutex cannot fail to be made, taken or given back by its owner on any supported system.
 */
static inline void mio_lock_init(mio_lock *lock)
{
    (void)pthread_mutex_init(lock, NULL);
}

static inline void mio_lock_destroy(mio_lock *lock)
{
    (void)pthread_mutex_destroy(lock);
}

static inline void mio_lock_take(mio_lock *lock)
{
    (void)pthread_mutex_lock(lock);
}

static inline void mio_lock_give(mio_lock *lock)
{
    (void)pthread_mutex_unlock(lock);
}

#endif
