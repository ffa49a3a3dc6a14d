/* SPDX-License-Identifier: MIT */
/*
 * What the kernel can do of what the tests need and an emulator, or an old kernel, may lack: a line
 * "can NAME" or "cannot NAME" each. exceptions.txt has the tests that need it.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OPTION_TCP_INFO = 11, /* musl and glibc disagree about where its name is */
    WHOLE_TCP_INFO = 136, /* up to bytes_received, of Linux 4.1 */
    CALL_EPOLL_PWAIT2 = 441
};

static bool tells_all_of_tcp(void)
{
    unsigned char info[512];
    socklen_t size = sizeof info;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can = fd >= 0 && getsockopt(fd, IPPROTO_TCP, OPTION_TCP_INFO, info, &size) == 0 &&
               size >= WHOLE_TCP_INFO;
    close(fd);
    return can;
}

static bool peeks_at_offsets(void)
{
    int offset = 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool can = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) == 0;
    close(fd);
    return can;
}

static bool sends_to_groups_from_anywhere(void)
{
    struct in_addr interface = {.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool can =
        fd >= 0 && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface) == 0;
    close(fd);
    return can;
}

/* It fills what it has data for, whatever room is claimed behind that. */
static bool receives_into_any_room(void)
{
    static char text[4];
    static const volatile size_t room = SIZE_MAX;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    bool can = send(ends[0], "abc", 3, 0) == 3 && recv(ends[1], text, room, 0) == 3;
    close(ends[0]);
    close(ends[1]);
    return can;
}

/* An emulator of a CPU with the other order of bytes hands on the numbers beside a datagram as they
 * are. */
static bool sends_numbers_beside_datagrams(void)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_level = IPPROTO_IP,
                            .cmsg_type = IP_TOS,
                            .cmsg_len = CMSG_LEN(sizeof(int))}};
    const int tos = 2;
    char byte = 0;
    struct iovec part = {&byte, 1};
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof name,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), &tos, sizeof tos);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool can = fd >= 0 && sendmsg(fd, &message, 0) == 1;
    close(fd);
    return can;
}

/* Needed by no test: shown, since it decides which call sleeps for a part of a millisecond. */
static bool waits_for_nanoseconds(void)
{
    const int64_t timeout[2] = {0, 1000};
    char event[16];
    int fd = (int)syscall(SYS_epoll_create1, 0);
    bool can = fd >= 0 && syscall(CALL_EPOLL_PWAIT2, fd, event, 1, timeout, NULL, 0) == 0;
    close(fd);
    return can;
}

/* posix_spawn(3) relies on a child that shares the memory, which an emulator makes by fork(). */
static bool tells_what_exec_says(void)
{
    char name[] = "x";
    char *argv[] = {name, NULL};
    pid_t pid = -1;
    if (posix_spawn(&pid, "/no/such/program", NULL, NULL, argv, environ) != 0)
        return true;
    (void)waitpid(pid, NULL, 0);
    return false;
}

/* An emulator keeps some of the signals for real time to itself. */
static bool raises_the_last_signal(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigaction(SIGRTMAX, &ignore, NULL) == 0 &&
           sigqueue(getpid(), SIGRTMAX, (union sigval){.sival_int = 0}) == 0;
}

static volatile sig_atomic_t is_blocked;

static void look_at_mask(int signo)
{
    sigset_t blocked;
    (void)signo;
    is_blocked = sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 && sigismember(&blocked, SIGUSR2) == 1;
}

/* QEMU 7.2 mislays the mask of RISC-V's struct sigaction. */
static bool blocks_what_a_handler_says(void)
{
    struct sigaction action = {.sa_handler = look_at_mask};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    return sigaction(SIGUSR1, &action, NULL) == 0 && raise(SIGUSR1) == 0 && is_blocked;
}

static void hear_nothing(int signo)
{
    (void)signo;
}

static bool forgets_children_that_nobody_waits_for(void)
{
    struct sigaction action = {.sa_handler = hear_nothing, .sa_flags = SA_NOCLDWAIT | SA_RESTART};
    if (sigaction(SIGCHLD, &action, NULL) != 0)
        return false;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    bool can = child > 0 && waitpid(child, NULL, 0) < 0 && errno == ECHILD;
    action = (struct sigaction){.sa_handler = SIG_DFL};
    (void)sigaction(SIGCHLD, &action, NULL);
    return can;
}

/* QEMU reads a handler and its flags one after the other, while another thread may set both. */
static bool sets_handlers_at_once(void)
{
    char name[16] = "";
    FILE *file = fopen("/proc/self/comm", "re");
    bool is_known = file && fgets(name, sizeof name, file);
    if (file)
        fclose(file);
    return !is_known || strncmp(name, "qemu", 4) != 0;
}

/* --- and the C library --- */

static bool was_seen;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    was_seen = true;
    return __real_malloc(size);
}

/* Linked statically it has the calls of its own wrapped too. */
static bool allocates_unseen(void)
{
    was_seen = false;
    setenv("MIO_TEST_PORTS", "long enough to be kept elsewhere", 1);
    return !was_seen;
}

static const struct {
    const char *name;
    bool (*is_there)(void);
} abilities[] = {
    {"tell_all_of_tcp", tells_all_of_tcp},
    {"peek_at_offsets", peeks_at_offsets},
    {"send_to_groups_from_anywhere", sends_to_groups_from_anywhere},
    {"receive_into_any_room", receives_into_any_room},
    {"send_numbers_beside_datagrams", sends_numbers_beside_datagrams},
    {"allocate_unseen", allocates_unseen},
    {"wait_for_nanoseconds", waits_for_nanoseconds},
    {"tell_what_exec_says", tells_what_exec_says},
    {"raise_the_last_signal", raises_the_last_signal},
    {"forget_children", forgets_children_that_nobody_waits_for},
    {"set_handlers_at_once", sets_handlers_at_once},
    {"block_by_handlers", blocks_what_a_handler_says},
};

int main(void)
{
    for (size_t i = 0; i < sizeof abilities / sizeof abilities[0]; i++)
        printf("%s %s\n", abilities[i].is_there() ? "can" : "cannot", abilities[i].name);
    return EXIT_SUCCESS;
}
