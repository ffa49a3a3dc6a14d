/* SPDX-License-Identifier: MIT */
/* accept(): what it passes on. */
#include "test_support.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static void wait_for_connection(int listener)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    REQUIRE_EQ(poll(&waiting, 1, 10000), 1);
}

TEST(accept_passes_nonblock_on)
{
    NEED_STATED(expected.accept_passes_nonblock);
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    int client = connect_to(&address, length);
    wait_for_connection(listener);
    int fd = accept(listener, NULL, NULL);
    REQUIRE(fd >= 0);
    CHECK_EQ((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, expected.accept_passes_nonblock);
    close(fd);
    close(client);
    close(listener);
}
