/* SPDX-License-Identifier: MIT */
/* port_send(), port_sendn(), port_alert(). */
#include "test_support.h"

#include <errno.h>
#include <unistd.h>

TEST(s6_a_sent_event_comes_as_it_was_sent)
{
    int port = open_port();
    port_event_t event;
    CHECK_EQ(send_user(port, 0x1234, 99), 0);
    event = await(port);
    CHECK_EQ(event.portev_source, PORT_SOURCE_USER);
    CHECK_EQ(event.portev_events, 0x1234);
    CHECK_EQ((uintptr_t)event.portev_user, 99);
    close(port);
}

TEST(sent_events_are_not_merged)
{
    int port = open_port();
    port_event_t list[8];
    for (int i = 0; i < 3; i++)
        CHECK_EQ(send_user(port, 1, 1), 0);
    CHECK_EQ(fetch(port, list, 8), 3);
    close(port);
}

TEST(s11_a_full_queue_is_eagain)
{
    port_event_t list[8];
    portmodel_set_max_events(2);
    int port = open_port();
    CHECK_EQ(send_user(port, 1, 1), 0);
    CHECK_EQ(send_user(port, 2, 1), 0);
    CHECK_EQ(send_user(port, 3, 1), -EAGAIN);
    CHECK_EQ(fetch(port, list, 1), 1);
    CHECK_EQ(send_user(port, 4, 1), 0);
    CHECK_EQ(fetch(port, list, 8), 2);
    CHECK_EQ(list[0].portev_events, 2);
    CHECK_EQ(list[1].portev_events, 4);
    close(port);
    portmodel_reset();
}

TEST(sending_to_what_is_no_port)
{
    int port = open_port();
    CHECK_EQ(send_user(STDERR_FILENO, 1, 1), -EBADFD);
    close(port);
    CHECK_EQ(send_user(port, 1, 1), -EBADF);
}

TEST(sendn_sends_to_each_port_and_says_which_failed)
{
    int ports[3] = {open_port(), STDERR_FILENO, open_port()};
    int errors[3] = {-1, -1, -1};
    CHECK_EQ(port_sendn(ports, errors, 3, 8, NULL), 2);
    CHECK_EQ(errors[0], 0);
    CHECK_EQ(errors[1], EBADFD);
    CHECK_EQ(errors[2], 0);
    CHECK(!quiet(ports[0]));
    CHECK(!quiet(ports[2]));
    CHECK_EQ(port_sendn(ports, errors, 0, 8, NULL), -1);
    CHECK_EQ(errno, EINVAL);
    close(ports[0]);
    close(ports[2]);
}

/* --- alerts --- */

TEST(an_alert_hides_the_queue_until_it_is_taken_back)
{
    int port = open_port();
    port_event_t list[8];
    CHECK_EQ(send_user(port, 1, 1), 0);
    CHECK_EQ(port_alert(port, PORT_ALERT_SET, 0x77, NULL), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(fetch(port, list, 8), 1);
        CHECK_EQ(list[0].portev_source, PORT_SOURCE_ALERT);
        CHECK_EQ(list[0].portev_events, 0x77);
    }
    CHECK_EQ(send_user(port, 2, 1), 0);
    CHECK_EQ(port_alert(port, PORT_ALERT_SET, 0, NULL), 0);
    CHECK_EQ(fetch(port, list, 8), 2);
    close(port);
}

TEST(an_alert_is_set_over_another_and_updated_only_when_there_is_none)
{
    int port = open_port();
    CHECK_EQ(port_alert(port, PORT_ALERT_UPDATE, 1, NULL), 0);
    CHECK_EQ(port_alert(port, PORT_ALERT_UPDATE, 2, NULL), -1);
    CHECK_EQ(errno, EBUSY);
    CHECK_EQ(await(port).portev_events, 1);
    CHECK_EQ(port_alert(port, PORT_ALERT_SET, 3, NULL), 0);
    CHECK_EQ(await(port).portev_events, 3);
    CHECK_EQ(port_alert(port, PORT_ALERT_SET | PORT_ALERT_UPDATE, 4, NULL), -1);
    CHECK_EQ(errno, EINVAL);
    close(port);
}

/* --- what the model offers to tests --- */

TEST(hook_a_call_fails_when_it_is_told_to)
{
    int port = open_port();
    portmodel_reset();
    portmodel_fail(PORTMODEL_SEND, 2, ENOMEM);
    CHECK_EQ(send_user(port, 1, 1), 0);
    CHECK_EQ(send_user(port, 1, 1), -ENOMEM);
    CHECK_EQ(send_user(port, 1, 1), 0);
    CHECK_EQ(portmodel_count(PORTMODEL_SEND), 3);
    portmodel_fail(PORTMODEL_CREATE, 1, EMFILE);
    CHECK_EQ(port_create(), -1);
    CHECK_EQ(errno, EMFILE);
    portmodel_reset();
    close(port);
}
