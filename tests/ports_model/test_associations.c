/* SPDX-License-Identifier: MIT */
/* port_associate() and port_dissociate(): when an event comes, and what it says. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

TEST(what_is_ready_is_reported_at_once)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    EXPECT_FD(port, ends[NEAR], POLLIN, USER);
    close_pair(ends);
    close(port);
}

TEST(what_becomes_ready_is_reported)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK(quiet(port));
    put(ends[FAR], "x");
    EXPECT_FD(port, ends[NEAR], POLLIN, USER);
    close_pair(ends);
    close(port);
}

TEST(only_what_was_asked_for_is_reported)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(associate(port, ends[NEAR], POLLOUT, USER), 0);
    EXPECT_FD(port, ends[NEAR], POLLOUT, USER);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN | POLLOUT, USER), 0);
    EXPECT_FD(port, ends[NEAR], POLLIN | POLLOUT, USER);
    close_pair(ends);
    close(port);
}

TEST(s1_an_association_ends_with_its_event)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    EXPECT_FD(port, ends[NEAR], POLLIN, USER);
    put(ends[FAR], "y");
    CHECK(quiet(port));
    drain(ends[NEAR]);
    put(ends[FAR], "z");
    CHECK(quiet(port));
    close_pair(ends);
    close(port);
}

/* Why a library that makes it again without looking spins. */
TEST(s1_an_association_made_again_reports_what_is_still_so)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    put(ends[FAR], "x");
    for (int round = 0; round < 3; round++) {
        CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
        EXPECT_FD(port, ends[NEAR], POLLIN, USER);
    }
    close_pair(ends);
    close(port);
}

TEST(s9_an_event_stays_when_what_it_tells_of_has_passed)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    put(ends[FAR], "x");
    CHECK_EQ(drain(ends[NEAR]), 1);
    EXPECT_FD(port, ends[NEAR], POLLIN, USER);
    close_pair(ends);
    close(port);
}

TEST(s9_an_event_tells_of_its_first_change_alone)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    fill(ends[NEAR]);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN | POLLOUT, USER), 0);
    put(ends[FAR], "x");
    drain(ends[FAR]);
    EXPECT_FD(port, ends[NEAR], POLLIN, USER);
    close_pair(ends);
    close(port);
}

TEST(s10_association_again_replaces_events_and_cookie)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(associate(port, ends[NEAR], POLLPRI, OTHER), 0);
    put(ends[FAR], "x");
    CHECK(quiet(port));
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, OTHER), 0);
    EXPECT_FD(port, ends[NEAR], POLLIN, OTHER);
    close_pair(ends);
    close(port);
}

TEST(s10_association_again_withdraws_the_event_that_is_pending_and_looks_again)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN | POLLOUT, OTHER), 0);
    EXPECT_FD(port, ends[NEAR], POLLIN | POLLOUT, OTHER);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    drain(ends[NEAR]);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, OTHER), 0);
    CHECK(quiet(port));
    put(ends[FAR], "x");
    EXPECT_FD(port, ends[NEAR], POLLIN, OTHER);
    close_pair(ends);
    close(port);
}

TEST(events_come_in_the_order_in_which_they_happened)
{
    int port = open_port();
    port_event_t list[3];
    int first[2];
    int second[2];
    open_pair(first);
    open_pair(second);
    CHECK_EQ(associate(port, first[NEAR], POLLIN, 1), 0);
    CHECK_EQ(associate(port, second[NEAR], POLLIN, 2), 0);
    put(second[FAR], "x");
    put(first[FAR], "x");
    REQUIRE_EQ(fetch(port, list, 3), 2);
    CHECK_EQ(list[0].portev_object, second[NEAR]);
    CHECK_EQ(list[1].portev_object, first[NEAR]);
    close_pair(first);
    close_pair(second);
    close(port);
}

TEST(duplicates_are_associations_of_their_own)
{
    int port = open_port();
    port_event_t list[3];
    int ends[2];
    open_pair(ends);
    int copy = dup(ends[NEAR]);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(associate(port, copy, POLLIN, OTHER), 0);
    put(ends[FAR], "x");
    CHECK_EQ(fetch(port, list, 3), 2);
    close(copy);
    close_pair(ends);
    close(port);
}

TEST(one_descriptor_is_associated_with_two_ports)
{
    int port = open_port();
    int other = open_port();
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(associate(other, ends[NEAR], POLLOUT, OTHER), 0);
    EXPECT_FD(other, ends[NEAR], POLLOUT, OTHER);
    put(ends[FAR], "x");
    EXPECT_FD(port, ends[NEAR], POLLIN, USER);
    close_pair(ends);
    close(other);
    close(port);
}

TEST(s8_a_regular_file_is_always_ready)
{
    int port = open_port();
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    CHECK_EQ(associate(port, fd, POLLIN, USER), 0);
    EXPECT_FD(port, fd, POLLIN, USER);
    CHECK_EQ(associate(port, fd, 0, USER), 0);
    CHECK(quiet(port));
    close(fd);
    close(port);
}

/* --- ending --- */

TEST(dissociation_ends_an_association)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(dissociate(port, ends[NEAR]), 0);
    put(ends[FAR], "x");
    CHECK(quiet(port));
    CHECK_EQ(dissociate(port, ends[NEAR]), -ENOENT);
    close_pair(ends);
    close(port);
}

TEST(dissociation_withdraws_the_event_that_is_pending)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(dissociate(port, ends[NEAR]), 0);
    CHECK(quiet(port));
    close_pair(ends);
    close(port);
}

TEST(s4_dissociation_after_the_event_is_enoent)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(port, ends[NEAR], POLLOUT, USER), 0);
    EXPECT_FD(port, ends[NEAR], POLLOUT, USER);
    CHECK_EQ(dissociate(port, ends[NEAR]), -ENOENT);
    close_pair(ends);
    close(port);
}

TEST(s4_a_closed_descriptor_is_ebadfd)
{
    int port = open_port();
    int closed = closed_descriptor();
    CHECK_EQ(associate(port, closed, POLLIN, USER), -EBADFD);
    CHECK_EQ(associate(port, -1, POLLIN, USER), -EBADFD);
    CHECK_EQ(dissociate(port, closed), -ENOENT); /* nothing was ever associated */
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(dissociate(port, closed_descriptor()), -EBADFD);
    close_pair(ends);
    close(port);
}

TEST(s4_what_is_no_port_is_ebadfd_and_a_closed_port_ebadf)
{
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(ends[FAR], ends[NEAR], POLLIN, USER), -EBADFD);
    CHECK_EQ(dissociate(ends[FAR], ends[NEAR]), -EBADFD);
    int port = open_port();
    close(port);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), -EBADF);
    CHECK_EQ(dissociate(port, ends[NEAR]), -EBADF);
    close_pair(ends);
}

TEST(a_source_that_is_none_is_einval)
{
    int port = open_port();
    CHECK_EQ(port_associate(port, PORT_SOURCE_USER, 0, POLLIN, NULL), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(port_dissociate(port, PORT_SOURCE_ALERT, 0), -1);
    CHECK_EQ(errno, EINVAL);
    close(port);
}

/* --- descriptors that close --- */

TEST(closing_a_descriptor_drops_its_association)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    int copy = dup(ends[NEAR]);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    close(ends[NEAR]);
    put(ends[FAR], "x");
    CHECK(quiet(port));
    close(copy);
    close(ends[FAR]);
    close(port);
}

TEST(closing_a_descriptor_withdraws_its_event)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    close(ends[NEAR]);
    CHECK(quiet(port));
    close(ends[FAR]);
    close(port);
}

TEST(a_number_used_again_starts_clean)
{
    int port = open_port();
    int ends[2];
    int others[2];
    open_pair(ends);
    open_pair(others);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(dup2(others[NEAR], ends[NEAR]), ends[NEAR]);
    put(others[FAR], "x");
    CHECK(quiet(port));
    CHECK_EQ(dissociate(port, ends[NEAR]), -ENOENT);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, OTHER), 0);
    EXPECT_FD(port, ends[NEAR], POLLIN, OTHER);
    close_pair(ends);
    close_pair(others);
    close(port);
}

/* --- how many --- */

TEST(s11_a_port_holds_so_many_associations_and_no_more)
{
    int ends[2];
    open_pair(ends);
    portmodel_set_max_events(1);
    int port = open_port();
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(associate(port, ends[FAR], POLLIN, OTHER), -EAGAIN);
    CHECK_EQ(associate(port, ends[NEAR], POLLOUT, USER), 0);
    EXPECT_FD(port, ends[NEAR], POLLOUT, USER);
    CHECK_EQ(associate(port, ends[FAR], POLLIN, OTHER), -EAGAIN); /* one that has ended counts */
    CHECK_EQ(dissociate(port, ends[NEAR]), -ENOENT);
    CHECK_EQ(associate(port, ends[FAR], POLLIN, OTHER), 0);
    close_pair(ends);
    close(port);
    portmodel_reset();
}
