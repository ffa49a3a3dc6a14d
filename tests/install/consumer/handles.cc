// SPDX-License-Identifier: MIT
// What mio.hpp promises: errors are codes, handles move and close, durations are rounded up, and a
// loop goes over the events. Ends with 0, or with the line that does not hold.
#include <mio.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include <fcntl.h>

namespace {

using namespace std::chrono_literals;

void require(bool holds, int line)
{
    if (holds)
        return;
    std::fprintf(stderr, "handles.cc:%d: does not hold\n", line);
    std::exit(1);
}
#define REQUIRE(condition) require((condition), __LINE__)

enum : mio_token { LISTENER = 1, CLIENT, SERVER, WAKER, TIMER };

bool is_open(mio_fd fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

// Waits until an event of the token comes, which is the only one.
template <class Test> void expect(mio::poll &poll, mio::events &events, mio_token token, Test test)
{
    do
        REQUIRE(!poll.wait(events, 10s));
    while (events.empty());
    std::size_t count = 0;
    for (mio::event event : events) {
        REQUIRE(event.token() == token);
        REQUIRE(test(event));
        count++;
    }
    REQUIRE(count == events.size());
}

void what_is_empty_does_nothing()
{
    mio::poll poll;
    mio::events events;
    mio::waker waker;
    mio::tcp_stream stream;
    REQUIRE(events.begin() == events.end() && events.empty());
    REQUIRE(poll.wait(events, 0s) == std::errc::invalid_argument);
    REQUIRE(poll.registry().set(0, 1, mio::readable) == std::errc::invalid_argument);
    REQUIRE(waker.wake() == std::errc::invalid_argument);
    REQUIRE(!stream && !stream.close());
}

void handles_move_and_close()
{
    static_assert(!std::is_copy_constructible<mio::poll>::value, "");
    static_assert(!std::is_copy_constructible<mio::tcp_stream>::value, "");
    static_assert(std::is_nothrow_move_constructible<mio::tcp_stream>::value, "");
    static_assert(!std::is_move_constructible<mio::timer>::value, "");
    mio_fd fds[2];
    {
        mio::pipe_sender sender;
        mio::pipe_receiver receiver;
        REQUIRE(!mio::open_pipe(sender, receiver));
        fds[0] = receiver.fd();
        fds[1] = sender.fd();
        mio::pipe_sender other(std::move(sender));
        REQUIRE(!sender.is_open() && other.fd() == fds[1] && is_open(fds[1]));
        mio::pipe_receiver more;
        more = std::move(receiver);
        mio::pipe_receiver &same = more;
        more = std::move(same);
        REQUIRE(more.fd() == fds[0] && is_open(fds[0]));
    }
    REQUIRE(!is_open(fds[0]) && !is_open(fds[1]));
}

void timeouts_are_rounded_up()
{
    using picoseconds = std::chrono::duration<long long, std::pico>;
    REQUIRE(mio::detail::timeout_of(picoseconds(1)) == 1);
    REQUIRE(mio::detail::timeout_of(0s) == 0);
    REQUIRE(mio::detail::timeout_of(-picoseconds(1500)) == MIO_FOREVER);
    REQUIRE(mio::detail::nanoseconds_of(-std::chrono::hours::max()) == INT64_MIN);
    REQUIRE(mio::detail::timeout_of(2ms) == 2000000);
    REQUIRE(mio::detail::timeout_of(std::chrono::duration<double>(0.5)) == 500000000);
    REQUIRE(mio::detail::timeout_of(mio::forever) == MIO_FOREVER);
    REQUIRE(mio::detail::timeout_of(std::chrono::hours::max()) == MIO_FOREVER);
}

void a_waker_and_a_timer_are_events(mio::poll &poll, mio::events &events)
{
    mio::registry clone;
    REQUIRE(!poll.registry().clone_to(clone));
    mio::waker waker;
    REQUIRE(!waker.open(clone, WAKER));
    REQUIRE(!waker.wake());
    expect(poll, events, WAKER, [](mio::event event) { return event.is_readable(); });
    mio::timer timer;
    REQUIRE(!timer.set_after(clone, TIMER, 1h));
    REQUIRE(timer.cancel() && !timer.cancel());
    REQUIRE(!timer.set(clone, TIMER, mio::clock::now()));
    expect(poll, events, TIMER,
           [](mio::event event) { return event.is_timer() && event.expirations() == 1; });
    REQUIRE(!timer.set_after(clone, TIMER, std::chrono::hours::max()));
    REQUIRE(timer.cancel());
    REQUIRE(!timer.set_after(clone, TIMER, 1h)); // its destructor cancels it
}

void accept_one(mio::poll &poll, mio::events &events, mio::tcp_listener &listener,
                mio::tcp_stream &server)
{
    expect(poll, events, LISTENER, [](mio::event event) { return event.may_read(); });
    REQUIRE(!mio::accept(listener, server));
    mio::tcp_stream nobody;
    REQUIRE(mio::accept(listener, nobody) == std::errc::resource_unavailable_try_again);
}

void bytes_go_to_and_fro(mio::poll &poll, mio::events &events)
{
    mio::tcp_listener listener;
    mio::tcp_stream client;
    mio::tcp_stream server;
    mio_addr address = mio_addr_ipv4(127, 0, 0, 1, 0);
    REQUIRE(!mio::bind(listener, address));
    REQUIRE(!listener.local_addr(address));
    REQUIRE(!listener.register_in(poll, LISTENER, mio::readable | mio::level));
    REQUIRE(!mio::connect(client, address));
    accept_one(poll, events, listener, server);
    REQUIRE(!listener.close());

    std::error_code error;
    char text[8];
    REQUIRE(!server.register_in(poll, SERVER, mio::readable));
    REQUIRE(server.register_in(poll, SERVER, mio::readable) == std::errc::file_exists);
    REQUIRE(mio::read(server, text, sizeof text, error) == 0 && error.value() == EAGAIN);
    REQUIRE(!client.register_in(poll, CLIENT, mio::writable));
    expect(poll, events, CLIENT, [](mio::event event) { return event.may_write(); });
    REQUIRE(!client.take_error());
    REQUIRE(mio::write(client, "hello", 5, error) == 5 && !error);
    expect(poll, events, SERVER, [](mio::event event) { return event.may_read(); });
    REQUIRE(mio::read(server, text, sizeof text, error) == 5 && !error);
    REQUIRE(std::memcmp(text, "hello", 5) == 0);
    client = mio::tcp_stream();
    expect(poll, events, SERVER, [](mio::event event) { return event.is_read_closed(); });
    REQUIRE(mio::read(server, text, sizeof text, error) == 0 && !error);
    REQUIRE(!server.deregister());
}

} // namespace

int main()
{
    mio::poll poll;
    mio::events events;
    what_is_empty_does_nothing();
    handles_move_and_close();
    timeouts_are_rounded_up();
    REQUIRE(!poll.open());
    REQUIRE(!events.open(16));
    a_waker_and_a_timer_are_events(poll, events);
    bytes_go_to_and_fro(poll, events);
    mio::poll other = std::move(poll);
    REQUIRE(!poll.get() && !other.wait(events, 0s) && events.empty());
    std::printf("the handles of mio.hpp hold, over %s\n", other.backend());
    return 0;
}
