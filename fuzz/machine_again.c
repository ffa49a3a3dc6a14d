/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine_inside.h"

#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#if MIO_PLATFORM == MIO_PLATFORM_LINUX
#include <sys/eventfd.h>
#endif

/* Something that one descriptor stands for, ready for one of both directions; `kept` are the
 * descriptors that keep it so, or -1. */
struct thing {
    int fd;
    int kept;
    mio_interest interest;
};

static struct thing a_pipe(bool is_first)
{
    int ends[2];
    if (pipe(ends) < 0)
        return (struct thing){.fd = -1};
    channel_ready(ends[0]);
    channel_ready(ends[1]);
    /* The first one's reader goes: some kernels do not watch such an end. */
    if (is_first)
        close(ends[0]);
    return (struct thing){ends[1], is_first ? -1 : ends[0], MIO_WRITABLE};
}

static struct thing a_reading_end(void)
{
    int ends[2];
    if (pipe(ends) < 0)
        return (struct thing){.fd = -1};
    channel_ready(ends[0]);
    channel_ready(ends[1]);
    (void)!write(ends[1], "", 1);
    return (struct thing){ends[0], ends[1], MIO_READABLE};
}

static struct thing a_unix_socket(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return (struct thing){.fd = -1};
    channel_ready(ends[0]);
    channel_ready(ends[1]);
    return (struct thing){ends[0], ends[1], MIO_READABLE | MIO_WRITABLE};
}

static struct thing a_udp_socket(void)
{
    int fd = channel_ready(socket(AF_INET, SOCK_DGRAM, 0));
    return (struct thing){fd, -1, MIO_READABLE | MIO_WRITABLE};
}

#if MIO_PLATFORM == MIO_PLATFORM_LINUX
/* All of them share one inode. */
static struct thing a_nameless_file(void)
{
    return (struct thing){eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC), -1, MIO_READABLE | MIO_WRITABLE};
}
#else
static struct thing a_nameless_file(void)
{
    return a_unix_socket();
}
#endif

static struct thing make(unsigned kind, bool is_first)
{
    switch (kind % 5) {
    case 0:
        return a_nameless_file();
    case 1:
        return a_pipe(is_first);
    case 2:
        return a_reading_end();
    case 3:
        return a_unix_socket();
    default:
        return a_udp_socket();
    }
}

static void drop(const struct thing *thing)
{
    close(thing->fd);
    if (thing->kept >= 0)
        close(thing->kept);
}

/* The first thing is closed while it is registered, and the second one gets its number. */
static bool take_number(struct thing *first, struct thing *second)
{
    drop(first);
    int fd = fcntl(second->fd, F_DUPFD_CLOEXEC, first->fd);
    close(second->fd);
    second->fd = fd;
    return fd == first->fd;
}

/* The new file is nobody's, and is registered like any other. */
static void register_anew(struct machine *machine, const struct thing *thing)
{
    mio_token token = oracle_token(&machine->oracle);
    check_result(machine, RULE_REG9, "register a number used again", -1, 0,
                 mio_registry_register(machine->registry, thing->fd, token, thing->interest));
    check_result(machine, RULE_REG9, "deregister it", -1, 0,
                 mio_registry_deregister(machine->registry, thing->fd));
    oracle_bury(&machine->oracle, token, RULE_REG6);
}

bool do_again(struct machine *machine, const struct operation *operation)
{
    struct thing first = make(operation->a, true);
    struct thing second = make(operation->a / 5u, false);
    if (first.fd < 0 || second.fd < 0)
        return false;
    mio_token token = oracle_token(&machine->oracle);
    note(machine, " descriptor %d, token 0x%llx", first.fd, (unsigned long long)token);
    check_result(machine, RULE_REG3, "register", -1, 0,
                 mio_registry_register(machine->registry, first.fd, token, first.interest));
    oracle_bell(&machine->oracle);
    oracle_bury(&machine->oracle, token, RULE_REG9);
    bool is_same = take_number(&first, &second);
    /* poll(2) goes by the number until it finds it closed, or registered again. */
    if (is_same && (operation->b % 2 != 0 || machine->oracle.traits.remembers_closed))
        register_anew(machine, &second);
    wait_once(machine, 0, 0);
    drop(&second);
    return true;
}
