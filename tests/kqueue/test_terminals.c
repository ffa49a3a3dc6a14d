/* SPDX-License-Identifier: MIT */
/*
 * Terminals: the master of a pseudo-terminal whose slave comes and goes, and the process's own
 * terminal, which macOS serves by the filter of devices that cannot count (K20).
 */
#define _GNU_SOURCE

#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int open_master(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(master >= 0);
    REQUIRE_EQ(grantpt(master), 0);
    REQUIRE_EQ(unlockpt(master), 0);
    REQUIRE_EQ(fcntl(master, F_SETFL, O_NONBLOCK), 0);
    return master;
}

/* Passes bytes as they are. */
static int open_slave(int master, int flags)
{
    int slave = open(ptsname(master), O_RDWR | flags);
    REQUIRE(slave >= 0);
    struct termios raw;
    REQUIRE_EQ(tcgetattr(slave, &raw), 0);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    REQUIRE_EQ(tcsetattr(slave, TCSANOW, &raw), 0);
    return slave;
}

TEST(pty_master_reads_what_its_slave_writes)
{
    int master = open_master();
    int slave = open_slave(master, O_NOCTTY);
    int kq = watch(master, EVFILT_READ);
    CHECK(quiet(kq));
    struct kevent event;
    for (int i = 0; i < 2; i++) {
        put(slave, "hi");
        REQUIRE(await(kq, &event));
        CHECK_EQ(event.flags & EV_EOF, 0);
        take(master, 2);
    }
    close(kq);
    close(slave);
    close(master);
}

TEST(pty_master_without_slave)
{
    NEED_STATED(expected.pty_fresh_eof);
    int master = open_master();
    int kq = watch(master, EVFILT_READ);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.pty_fresh_eof);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.pty_fresh_eof);
    close(kq);
    close(master);
}

TEST(pty_master_whose_slave_closed)
{
    NEED_STATED(expected.pty_closed_eof);
    int master = open_master();
    int slave = open_slave(master, O_NOCTTY);
    int kq = watch(master, EVFILT_READ);
    CHECK(quiet(kq));
    CHECK_EQ(close(slave), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.pty_closed_eof);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.pty_closed_eof);
    close(kq);
    close(master);
}

TEST(pty_master_whose_slave_comes_again)
{
    NEED_STATED(expected.pty_eof_taken_back);
    int master = open_master();
    int slave = open_slave(master, O_NOCTTY);
    int kq = watch(master, EVFILT_READ);
    CHECK_EQ(close(slave), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    slave = open_slave(master, O_NOCTTY);
    put(slave, "hi");
    REQUIRE(await(kq, &event));
    CHECK_EQ((event.flags & EV_EOF) == 0, expected.pty_eof_taken_back);
    close(kq);
    close(slave);
    close(master);
}

/* --- the terminal of a process --- */

struct terminal {
    int master;
    int own; /* /dev/tty */
    int kq;
};

static int ask_terminal(const struct terminal *terminal, uint32_t flags)
{
    return ask_with(terminal->kq, (uintptr_t)terminal->own, EVFILT_READ, flags, NOTE_LOWAT, 1,
                    TOKEN);
}

static void type(const struct terminal *terminal)
{
    struct pollfd typed = {.fd = terminal->own, .events = POLLIN};
    put(terminal->master, "x");
    CHECK_EQ(poll(&typed, 1, 10000), 1);
}

/* A process of its own leads the session whose terminal it is, and ends with 0 when all was so. */
static void in_own_session(bool (*all_so)(const struct terminal *))
{
    if (expected.null_device != EINVAL)
        SKIP("this system does not ask for NOTE_LOWAT on a device");
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        struct terminal terminal = {.kq = open_kqueue()};
        signal(SIGHUP, SIG_IGN);
        setsid();
        terminal.master = open_master();
        int slave = open_slave(terminal.master, 0);
        ioctl(slave, TIOCSCTTY, 0);
        terminal.own = open("/dev/tty", O_RDWR | O_NONBLOCK);
        _exit(CHECK(terminal.own >= 0) && all_so(&terminal) ? 0 : 1);
    }
    int status = -1;
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool is_quiet(const struct terminal *terminal)
{
    return quiet(terminal->kq);
}

/* What was typed is reported once, and read. */
static bool comes_once(const struct terminal *terminal)
{
    struct kevent event;
    bool comes = CHECK(await(terminal->kq, &event)) && CHECK(is_quiet(terminal));
    return CHECK_EQ(take(terminal->own, 1), 1) && comes;
}

static bool edges(const struct terminal *terminal)
{
    bool so = CHECK_EQ(ask_terminal(terminal, EV_ADD | EV_CLEAR), 0) && CHECK(is_quiet(terminal));
    type(terminal);
    so = comes_once(terminal) && so;
    type(terminal);
    so = CHECK_EQ(is_quiet(terminal), expected.device_loses_edges) && so;
    /* A touch reports what is there, and hooks up where nothing is. */
    so = CHECK_EQ(ask_terminal(terminal, EV_ADD | EV_CLEAR), 0) && comes_once(terminal) && so;
    so = CHECK_EQ(ask_terminal(terminal, EV_ADD | EV_CLEAR), 0) && CHECK(is_quiet(terminal)) && so;
    type(terminal);
    return comes_once(terminal) && so;
}

static bool levels(const struct terminal *terminal)
{
    bool so = CHECK_EQ(ask_terminal(terminal, EV_ADD), 0);
    for (int i = 0; i < 3; i++) {
        so = CHECK(is_quiet(terminal)) && so;
        type(terminal);
        so = CHECK(!is_quiet(terminal) && !is_quiet(terminal)) && so;
        take(terminal->own, 1);
    }
    return so;
}

static bool dispatches(const struct terminal *terminal)
{
    bool so = CHECK_EQ(ask_terminal(terminal, EV_ADD | EV_DISPATCH), 0);
    for (int i = 0; i < 3; i++) {
        type(terminal);
        so = comes_once(terminal) && so;
        so = CHECK_EQ(ask_terminal(terminal, EV_ENABLE), 0) && CHECK(is_quiet(terminal)) && so;
    }
    return so;
}

TEST(k20_macos_terminal_loses_edges_until_it_is_touched)
{
    in_own_session(edges);
}

TEST(k20_macos_terminal_with_level_events)
{
    in_own_session(levels);
}

TEST(k20_macos_terminal_with_dispatch)
{
    in_own_session(dispatches);
}
