/* SPDX-License-Identifier: MIT */
/* The one kind of lock the library uses: short, uncontended, never held while sleeping. */
#ifndef MIO_SRC_OS_LOCK_H
#define MIO_SRC_OS_LOCK_H

#include <pthread.h>

typedef pthread_mutex_t mio__lock;

/* A default mutex cannot fail to be made, taken or given back by its owner on any supported system.
 */
static inline void mio__lock_init(mio__lock *lock)
{
    (void)pthread_mutex_init(lock, NULL);
}

static inline void mio__lock_destroy(mio__lock *lock)
{
    (void)pthread_mutex_destroy(lock);
}

static inline void mio__lock_take(mio__lock *lock)
{
    (void)pthread_mutex_lock(lock);
}

static inline void mio__lock_give(mio__lock *lock)
{
    (void)pthread_mutex_unlock(lock);
}

#endif
