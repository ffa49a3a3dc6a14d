/* SPDX-License-Identifier: MIT */
#include "record.h"

#if defined(MIO_RECORD_EPOLL)

void mio_record_wake(struct mio_event *record, mio_token token)
{
    *record = (struct mio_event){.events = MIO_EPOLL_IN, .data = token};
}

#elif defined(MIO_RECORD_KEVENT)

void mio_record_wake(struct mio_event *record, mio_token token)
{
    *record = (struct mio_event){.filter = MIO_KEVENT_USER, .udata = (void *)token};
}

#else

void mio_record_wake(struct mio_event *record, mio_token token)
{
    *record = (struct mio_event){.token = token, .readiness = MIO_READABLE};
}

#endif
