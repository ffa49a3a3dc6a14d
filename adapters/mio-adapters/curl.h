/* SPDX-License-Identifier: MIT */
/*
 * Transfers by libcurl (7.16.2 and later): the sockets and the timeout of a multi handle in a poll,
 * by curl_multi_socket_action().
 *
 *   CURLM *multi = curl_multi_init();
 *   mio_curl_open(&http, multi, registry, HTTP);
 *   curl_multi_add_handle(multi, easy);         // any number, at any time, outside of a callback
 *   ...
 *   mio_events_each(event, events)
 *       if (!mio_curl_event(&http, event)) ...  // it was not libcurl's
 *   while ((message = curl_multi_info_read(multi, &left)) != NULL)
 *       if (message->msg == CURLMSG_DONE) ...   // curl_multi_remove_handle(), and so on
 *
 * The multi handle is the program's, and its options CURLMOPT_SOCKETFUNCTION, _SOCKETDATA,
 * _TIMERFUNCTION and _TIMERDATA are the adapter's from mio_curl_open() to mio_curl_close(), which
 * comes before curl_multi_cleanup().
 *
 * libcurl counts on level-triggered readiness, so its sockets are registered with MIO_LEVEL, on
 * every selector. It closes a socket only after having said so. The adapter has a range of tokens
 * (tokens.h), and stays where it is while it is open. All calls are made by one thread.
 */
#ifndef MIO_ADAPTERS_CURL_H
#define MIO_ADAPTERS_CURL_H

#include <mio-adapters/tokens.h>

#include <mio/poll.h>
#include <mio/timer.h>

#include <curl/curl.h>

/* The members are the adapter's; `running` may be read. */
struct mio_curl {
    CURLM *multi;
    struct mio_registry *registry;
    mio_token first;
    struct mio_timer timer;
    int running; /* transfers, by what libcurl said last */
};

/* libcurl's callback for a socket. -1 makes libcurl fail its transfers. */
static inline int mio_curl_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket)
{
    struct mio_curl *curl = (struct mio_curl *)user;
    (void)easy;
    (void)socket;
    bool readable = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
    bool writable = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
    int error = mio_adapter_watch(curl->registry, curl->first, fd, readable, writable);
    return error < 0 && (readable || writable) ? -1 : 0;
}

/* libcurl's callback for its timeout. It must not be answered at once: libcurl is not reentrant. */
static inline int mio_curl_timeout(CURLM *multi, long timeout_ms, void *user)
{
    struct mio_curl *curl = (struct mio_curl *)user;
    (void)multi;
    if (timeout_ms < 0)
        return mio_timer_cancel(&curl->timer, curl->registry) < 0 ? -1 : 0;
    int error = mio_timer_set_after(&curl->timer, curl->registry, curl->first, MIO_MS(timeout_ms));
    return error < 0 ? -1 : 0;
}

/* Takes the multi handle's sockets and timeout into the registry's poll. 0; -EINVAL: libcurl
 * refuses, as for NULL; -EBUSY: in one of its callbacks. */
static inline int mio_curl_open(struct mio_curl *curl, CURLM *multi, struct mio_registry *registry,
                                mio_token first)
{
    curl->multi = multi;
    curl->registry = registry;
    curl->first = first;
    curl->running = 0;
    mio_timer_init(&curl->timer);
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, mio_curl_socket);
    if (code == CURLM_OK)
        code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl);
    if (code == CURLM_OK)
        code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, mio_curl_timeout);
    if (code == CURLM_OK)
        code = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl);
    if (code == CURLM_OK)
        return 0;
    return code == CURLM_BAD_HANDLE ? -EINVAL : -EBUSY;
}

/* Gives the multi handle back. Remove the easy handles first; sockets that libcurl keeps for the
 * next transfer are not watched between transfers. */
static inline void mio_curl_close(struct mio_curl *curl)
{
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, NULL);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    mio_timer_cancel(&curl->timer, curl->registry);
}

/*
 * Takes an event of the poll's. Returns whether it was libcurl's, which has gone on with its
 * transfers then: ask curl_multi_info_read() what has ended.
 */
static inline bool mio_curl_event(struct mio_curl *curl, const struct mio_event *event)
{
    mio_token token = mio_event_token(event);
    if (!mio_adapter_has_token(curl->first, token))
        return false;
    curl_socket_t fd = CURL_SOCKET_TIMEOUT;
    int ready = 0;
    if (!mio_event_is_timer(event)) {
        fd = (curl_socket_t)(token - curl->first);
        ready = (mio_event_may_read(event) ? CURL_CSELECT_IN : 0) |
                (mio_event_may_write(event) ? CURL_CSELECT_OUT : 0) |
                (mio_event_is_error(event) ? CURL_CSELECT_ERR : 0);
    }
    curl_multi_socket_action(curl->multi, fd, ready, &curl->running);
    return true;
}

#endif
