/* SPDX-License-Identifier: MIT */
/* The orders that a test may give to the kqueue model. Nothing here has a counterpart on a real
 * system. */
#include "kqmodel.h"
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(hook_flavour_is_the_one_of_the_expectations)
{
    CHECK_STR(kqmodel_flavour(), expected.system);
}

TEST(hook_k27_kernel_without_user_filter)
{
    kqmodel_set_user_filter(false);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), EINVAL);
    CHECK(!kqmodel_has_knote(kq, IDENT, EVFILT_USER));
    kqmodel_set_user_filter(true);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    kqmodel_set_user_filter(false);
    kqmodel_reset();
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK(!quiet(kq));
    close(kq);
}

TEST(hook_fail_kevent_fails_the_nth_call_once)
{
    int kq = open_kqueue();
    struct kevent asked = change(IDENT, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN);
    struct kevent receipt;
    kqmodel_fail_kevent(2, ENOMEM);
    CHECK(quiet(kq));
    errno = 0;
    CHECK_EQ(apply(kq, &asked, 1, &receipt, 1), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK(!kqmodel_has_knote(kq, IDENT, EVFILT_USER)); /* before anything was done */
    CHECK_EQ(apply(kq, &asked, 1, &receipt, 1), 1);
    CHECK(kqmodel_has_knote(kq, IDENT, EVFILT_USER));
    kqmodel_reset();
    close(kq);
}

TEST(hook_k11_eintr_has_applied_the_changes)
{
    int kq = open_kqueue();
    struct kevent asked = change(IDENT, EVFILT_USER, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, 0, TOKEN);
    struct kevent receipt;
    memset(&receipt, 0, sizeof receipt);
    kqmodel_fail_kevent(1, EINTR);
    errno = 0;
    CHECK_EQ(apply(kq, &asked, 1, &receipt, 1), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(receipt.flags, 0); /* and nothing was written to the list */
    CHECK(kqmodel_has_knote(kq, IDENT, EVFILT_USER));
    CHECK_EQ(apply(kq, &asked, 1, &receipt, 1), 1); /* the same change again does no harm */
    CHECK_EQ(receipt.data, 0);
    kqmodel_reset();
    close(kq);
}

TEST(hook_wait_that_fails_loses_no_event)
{
    static const int errors[2] = {EINTR, ETIMEDOUT};
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
        kqmodel_fail_kevent(1, errors[i]);
        struct kevent event;
        CHECK_EQ(fetch(kq, &event, 1), -1);
        CHECK_EQ(errno, errors[i]);
        CHECK(fetch_one(kq, &event));
    }
    kqmodel_reset();
    close(kq);
}

TEST(hook_wait_that_ends_in_etimedout_has_applied_the_changes)
{
    int kq = open_kqueue();
    struct kevent asked = change(IDENT, EVFILT_USER, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, 0, TOKEN);
    struct kevent receipt;
    kqmodel_fail_kevent(1, ETIMEDOUT);
    errno = 0;
    CHECK_EQ(apply(kq, &asked, 1, &receipt, 1), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    CHECK(kqmodel_has_knote(kq, IDENT, EVFILT_USER));
    kqmodel_reset();
    close(kq);
}

TEST(hook_fail_kqueue)
{
    kqmodel_fail_kqueue(1, EMFILE);
    errno = 0;
    CHECK_EQ(kqueue(), -1);
    CHECK_EQ(errno, EMFILE);
    close(open_kqueue()); /* once only */
    kqmodel_reset();
}

TEST(hook_refuse_filter_until_taken_back)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    kqmodel_refuse_filter((int)EVFILT_WRITE, ENODEV);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), ENODEV);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_DELETE, TOKEN), ENOENT); /* EV_ADD only */
    kqmodel_refuse_filter((int)EVFILT_WRITE, 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    kqmodel_reset();
    close(kq);
    close_both(ends);
}

TEST(hook_refuse_the_nth_change)
{
    int kq = open_kqueue();
    struct kevent list[3];
    for (int i = 0; i < 3; i++)
        list[i] = change((uintptr_t)i, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN);
    kqmodel_refuse_change(2, ENOMEM);
    REQUIRE_EQ(apply(kq, list, 3, list, 3), 3);
    CHECK_EQ(list[0].data, 0);
    CHECK_EQ(list[1].data, ENOMEM);
    CHECK_EQ(list[2].data, 0);
    CHECK_EQ(kqmodel_knotes(kq), 2);
    CHECK(!kqmodel_has_knote(kq, 1, EVFILT_USER));
    kqmodel_reset();
    close(kq);
}

TEST(hook_counts_calls_and_copies_the_last_changes)
{
    int kq = open_kqueue();
    kqmodel_reset();
    CHECK_EQ(kqmodel_kevent_calls(), 0);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, 3, 4, TOKEN), 0);
    CHECK(quiet(kq)); /* no changes: the log stays */
    CHECK_EQ(kqmodel_kevent_calls(), 2);
    struct kevent copy[2];
    REQUIRE_EQ(kqmodel_last_changes(copy, 2), 1);
    CHECK_EQ(copy[0].ident, IDENT);
    CHECK_EQ(copy[0].filter, EVFILT_USER);
    CHECK_EQ(copy[0].flags, EV_ADD | EV_CLEAR | EV_RECEIPT);
    CHECK_EQ(copy[0].fflags, 3);
    CHECK_EQ(copy[0].data, 4);
    CHECK_EQ(token_of(&copy[0]), TOKEN);
    close(kq);
}

TEST(hook_counts_knotes)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(kqmodel_knotes(kq), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    CHECK_EQ(kqmodel_knotes(kq), 2);
    CHECK(kqmodel_has_knote(kq, (uintptr_t)ends[0], EVFILT_READ));
    CHECK(!kqmodel_has_knote(kq, (uintptr_t)ends[0], EVFILT_WRITE));
    close_both(ends);
    CHECK_EQ(kqmodel_knotes(kq), 0); /* rule 13 */
    close(kq);
}

TEST(hook_aio_request_is_reported)
{
    NEED_STATED(expected.posts_aio);
    int kq = open_kqueue();
    int posted = kqmodel_post_aio(kq, (int)EVFILT_AIO, 0x1000, (void *)(uintptr_t)TOKEN);
    CHECK_EQ(posted, expected.posts_aio ? 0 : -1);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.posts_aio);
    if (expected.posts_aio) {
        CHECK_EQ(event.filter, EVFILT_AIO);
        CHECK_EQ(event.ident, 0x1000);
        CHECK_EQ(token_of(&event), TOKEN);
        CHECK_EQ(event.flags & EV_ERROR, 0);
    }
    close(kq);
}

#ifdef EVFILT_LIO
enum { HAVE_LIO = 1, FILTER_LIO = EVFILT_LIO };
#else
enum { HAVE_LIO = 0, FILTER_LIO = -10 };
#endif

TEST(hook_freebsd_lio_request_is_reported)
{
    if (!HAVE_LIO)
        SKIP("only FreeBSD has EVFILT_LIO");
    int kq = open_kqueue();
    CHECK_EQ(kqmodel_post_aio(kq, FILTER_LIO, 0x2000, (void *)(uintptr_t)TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.filter, FILTER_LIO);
    CHECK_EQ(event.ident, 0x2000);
    CHECK_EQ(token_of(&event), TOKEN);
    close(kq);
}

TEST(hook_k9_older_and_newer_pipe_without_reader)
{
    static const bool older[2] = {true, false};
    const int refusal[2] = {expected.older_write_without_reader,
                            expected.newer_write_without_reader};
    for (int i = 0; i < 2; i++) {
        int ends[2];
        open_pipe(ends);
        CHECK_EQ(close(ends[0]), 0);
        int kq = open_kqueue();
        kqmodel_set_older(older[i]);
        CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), refusal[i]);
        CHECK_EQ(kqmodel_knotes(kq), refusal[i] == 0);
        struct kevent event;
        CHECK_EQ(fetch_one(kq, &event), refusal[i] == 0);
        CHECK_EQ((event.flags & EV_EOF) != 0, refusal[i] == 0);
        kqmodel_reset();
        close(kq);
        close(ends[1]);
    }
}

TEST(hook_rule12_newer_netbsd_pipe_and_a_partial_read)
{
    if (strcmp(expected.system, "netbsd") != 0)
        SKIP("only NetBSD's pipes changed");
    kqmodel_set_older(false);
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct tally tally = {0};
    collect(kq, &tally);
    CHECK_EQ(tally.writes, 1);
    put(ends[1], "hello");
    collect(kq, &tally);
    CHECK_EQ(tally.writes, 1); /* one's own write is no edge any more */
    CHECK_EQ(tally.reads, 1);
    take(ends[0], 2);
    collect(kq, &tally);
    CHECK_EQ(tally.reads, 1); /* nor is a partial read; it gives the writer one */
    CHECK_EQ(tally.writes, 2);
    close(kq);
    close_both(ends);
    kqmodel_reset();
}

TEST(hook_newer_netbsd_pipe_tells_its_end_once)
{
    if (strcmp(expected.system, "netbsd") != 0)
        SKIP("only NetBSD's pipes changed");
    kqmodel_set_older(false);
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "x");
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.data, 1);
    take(ends[0], 1);
    CHECK(quiet(kq));
    close(kq);
    close(ends[0]);
    kqmodel_reset();
}

TEST(hook_newer_netbsd_pipe_in_the_wrong_direction_is_never_ready)
{
    if (strcmp(expected.system, "netbsd") != 0)
        SKIP("only NetBSD's pipes changed");
    kqmodel_set_older(false);
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_READ, EV_ADD, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    put(ends[1], "x");
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    CHECK(quiet(kq));
    close(kq);
    close(ends[1]);
    kqmodel_reset();
}

TEST(hook_newer_netbsd_full_pipe_tells_that_the_reader_left)
{
    if (strcmp(expected.system, "netbsd") != 0)
        SKIP("only NetBSD's pipes changed");
    kqmodel_set_older(false);
    int ends[2];
    open_pipe(ends);
    fill(ends[1]);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK(event.flags & EV_EOF);
    CHECK_EQ(event.data, 0);
    close(kq);
    close(ends[1]);
    kqmodel_reset();
}

/* A kernel would hang or write beyond the list here: a model must end the program instead. */
static bool ends_loudly(void (*misuse)(void))
{
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        misuse();
        _exit(0);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void wait_with_negative_room(void)
{
    struct kevent event;
    kevent_call(kqueue(), NULL, 0, &event, -1, NULL);
}

static void ask_with_negative_room(void)
{
    struct kevent asked = change(IDENT, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN);
    struct kevent receipt;
    apply(kqueue(), &asked, 1, &receipt, -1);
}

static void ask_with_negative_changes(void)
{
    struct kevent asked = change(IDENT, EVFILT_USER, EV_ADD, 0, 0, TOKEN);
    struct kevent event;
    apply(kqueue(), &asked, -1, &event, 1);
}

TEST(hook_k14_negative_nchanges_where_a_kernel_reads_on)
{
    if (expected.negative_changes != UNSTATED)
        SKIP("this system takes it for none (k14_negative_nchanges_is_none)");
    CHECK(ends_loudly(ask_with_negative_changes));
}

TEST(hook_k14_negative_nevents_where_a_kernel_would_hang)
{
    if (expected.negative_room != UNSTATED)
        SKIP("this system does not hang (k14_negative_nevents)");
    CHECK(ends_loudly(wait_with_negative_room));
}

TEST(hook_k14_receipt_with_negative_nevents)
{
    if (!expected.negative_room_is_unbounded)
        SKIP("this system does not write receipts without bound");
    CHECK(ends_loudly(ask_with_negative_room));
}

TEST(hook_k40_older_macos_refuses_longer_timeouts)
{
    if (strcmp(expected.system, "macos") != 0)
        SKIP("only macOS changed");
    kqmodel_set_older(true);
    int kq = open_kqueue();
    struct kevent event;
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD, TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    const struct timespec accepted = {100000000, 0};
    const struct timespec refused[2] = {{100000001, 0}, {0, 1000000000}};
    CHECK_EQ(kevent_call(kq, NULL, 0, &event, 1, &accepted), 1);
    for (int i = 0; i < 2; i++) {
        errno = 0;
        CHECK_EQ(kevent_call(kq, NULL, 0, &event, 1, &refused[i]), -1);
        CHECK_EQ(errno, EINVAL);
    }
    close(kq);
    kqmodel_reset();
}

/* --- what fstat() says --- */

static bool same_identity(int a, int b)
{
    struct stat first;
    struct stat second;
    REQUIRE_EQ(fstat(a, &first), 0);
    REQUIRE_EQ(fstat(b, &second), 0);
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

TEST(hook_identity_of_sockets)
{
    for (int systems = 0; systems <= 1; systems++) {
        kqmodel_set_system_identity(systems != 0);
        int tcp[2];
        int udp[2];
        int streams[2];
        open_tcp(tcp);
        open_udp(udp);
        open_unix(streams, SOCK_STREAM);
        bool alike = systems && expected.void_internet_identity;
        CHECK_EQ(same_identity(tcp[0], tcp[1]), alike);
        CHECK_EQ(same_identity(tcp[0], udp[0]), alike);
        CHECK(!same_identity(streams[0], streams[1]));
        close_both(tcp);
        close_both(udp);
        close_both(streams);
    }
    kqmodel_reset();
}

TEST(hook_identity_of_pipes)
{
    for (int systems = 0; systems <= 1; systems++) {
        kqmodel_set_system_identity(systems != 0);
        int first[2];
        int second[2];
        open_pipe(first);
        open_pipe(second);
        CHECK_EQ(same_identity(first[0], second[0]), systems && expected.void_pipe_identity);
        CHECK(same_identity(first[0], first[1]));
        close_both(first);
        close_both(second);
    }
    kqmodel_reset();
}

TEST(hook_identity_of_a_pipe_goes_to_the_next)
{
    if (!expected.recycled_pipe_identity)
        SKIP("only DragonFly's pipes have the number of a cached structure");
    kqmodel_set_system_identity(true);
    int ends[2];
    struct stat closed;
    open_pipe(ends);
    REQUIRE_EQ(fstat(ends[0], &closed), 0);
    int copy = dup(ends[1]);
    close_both(ends);
    struct stat next;
    open_pipe(ends); /* the copy holds the first one still */
    REQUIRE_EQ(fstat(ends[0], &next), 0);
    CHECK(next.st_ino != closed.st_ino);
    CHECK_EQ(close(copy), 0);
    int last[2];
    open_pipe(last);
    REQUIRE_EQ(fstat(last[1], &next), 0);
    CHECK_EQ(next.st_ino, closed.st_ino);
    CHECK_EQ(next.st_dev, 0);
    close_both(ends);
    close_both(last);
    kqmodel_reset();
}
