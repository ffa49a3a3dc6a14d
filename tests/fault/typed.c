/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "typed.h"

#include <fcntl.h>

void unprepare(int fd)
{
    HOLDS(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) == 0);
    HOLDS(fcntl(fd, F_SETFD, 0) == 0);
}

void expect_unprepared(int fd)
{
    HOLDS((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    HOLDS(fcntl(fd, F_GETFD) == 0);
}

bool connection_is_lost(void)
{
    switch (fault_ordered().call) {
    case CALL_fcntl_getfl:
    case CALL_fcntl_setfl:
    case CALL_fcntl_setfd:
        return true;
    default:
        return false;
    }
}

struct mio_addr loopback_v6(void)
{
    static const uint8_t one[16] = {[15] = 1};
    return mio_addr_ipv6(one, 0);
}

bool has_ipv6(void)
{
    struct mio_addr addr = loopback_v6();
    struct mio_tcp_listener listener;
    fault_pause();
    bool has = mio_tcp_listener_bind(&addr, NULL, &listener) == 0;
    if (has)
        (void)mio_source_close(&listener.source);
    fault_resume();
    return has;
}
