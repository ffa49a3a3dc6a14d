/* SPDX-License-Identifier: MIT */
/*
 * libmio for C++17: handles that close what they own, durations, and loops over events. All of it is
 * inline, over the functions of mio.h, which say what each call means.
 *
 *   mio::poll poll;
 *   mio::events events;
 *   if (auto error = poll.open(); error || (error = events.open(64)))
 *       ...
 *   mio::tcp_listener listener;
 *   error = mio::bind(listener, address);
 *   error = listener.register_in(poll, 1, mio::readable | mio::level);
 *   while (!poll.wait(events, std::chrono::seconds(5)))
 *       for (mio::event event : events)
 *           if (event.token() == 1 && event.may_read())
 *               ...
 *
 * ERRORS are std::error_code, of std::generic_category() (mio::error_of()). Nothing throws, so this
 * compiles without exceptions; whoever wants one throws std::system_error(error). A call that
 * returns a number has the error for its last argument, as std::filesystem has it.
 *
 * HANDLES can be moved, and not copied. An object that is empty has nothing to close: a new one, one
 * that was moved from, and one that was closed. `get()` is the C object, for every function that has
 * no member here.
 *
 * Objects of a poll may be destroyed before the poll or afterwards, but for timers: those first.
 */
#ifndef MIO_HPP
#define MIO_HPP

#include <mio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <system_error>

namespace mio {

using duration = std::chrono::nanoseconds;

inline constexpr mio_interest readable = MIO_READABLE;
inline constexpr mio_interest writable = MIO_WRITABLE;
inline constexpr mio_interest priority = MIO_PRIORITY;
inline constexpr mio_interest level = MIO_LEVEL;
inline constexpr mio_interest oneshot = MIO_ONESHOT;
inline constexpr mio_interest exclusive = MIO_EXCLUSIVE;

/* Sleeps until something comes. */
inline constexpr duration forever{MIO_FOREVER};

/* What a result of the library says: no error from 0 up. */
[[nodiscard]] inline std::error_code error_of(std::ptrdiff_t result) noexcept
{
    return {result < 0 ? static_cast<int>(-result) : 0, std::generic_category()};
}

/* A count, or 0 and the error. */
inline std::size_t count_of(std::ptrdiff_t result, std::error_code &error) noexcept
{
    error = error_of(result);
    return result > 0 ? static_cast<std::size_t>(result) : 0;
}

/* The clock of timers and deadlines. */
struct clock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = mio::duration;
    using time_point = std::chrono::time_point<clock>;
    static constexpr bool is_steady = true;

    static time_point now() noexcept
    {
        return time_point(duration(mio_now()));
    }
};

/* --- events --- */

/* One event of an array: a reference, as cheap as a pointer, valid until the array's next wait. */
class event {
  public:
    explicit event(const mio_event *record) noexcept : record_(record)
    {
    }

    mio_token token() const noexcept
    {
        return mio_event_token(record_);
    }
    bool may_read() const noexcept
    {
        return mio_event_may_read(record_);
    }
    bool may_write() const noexcept
    {
        return mio_event_may_write(record_);
    }
    bool is_readable() const noexcept
    {
        return mio_event_is_readable(record_);
    }
    bool is_writable() const noexcept
    {
        return mio_event_is_writable(record_);
    }
    bool is_error() const noexcept
    {
        return mio_event_is_error(record_);
    }
    bool is_read_closed() const noexcept
    {
        return mio_event_is_read_closed(record_);
    }
    bool is_write_closed() const noexcept
    {
        return mio_event_is_write_closed(record_);
    }
    bool is_priority() const noexcept
    {
        return mio_event_is_priority(record_);
    }
    bool is_timer() const noexcept
    {
        return mio_event_is_timer(record_);
    }
    std::int64_t expirations() const noexcept
    {
        return mio_event_expirations(record_);
    }
    const mio_event *get() const noexcept
    {
        return record_;
    }

  private:
    const mio_event *record_;
};

namespace detail {

/* How the C objects that a handle owns are freed. */
struct release {
    void operator()(mio_poll *object) const noexcept
    {
        mio_poll_free(object);
    }
    void operator()(mio_events *object) const noexcept
    {
        mio_events_free(object);
    }
    void operator()(mio_waker *object) const noexcept
    {
        mio_waker_free(object);
    }
    void operator()(mio_registry *object) const noexcept
    {
        mio_registry_free(object);
    }
};

template <class Object> using owned = std::unique_ptr<Object, release>;

/* Whole nanoseconds, rounded up, of what can be counted: some 292 years. */
template <class Rep, class Period>
std::int64_t nanoseconds_of(std::chrono::duration<Rep, Period> time) noexcept
{
    constexpr double most = 9e9;
    /* As seconds with a fraction, which cannot overflow. */
    const double seconds = std::chrono::duration<double>(time).count();
    if (seconds > most)
        return INT64_MAX;
    return seconds < -most ? INT64_MIN : std::chrono::ceil<duration>(time).count();
}

/* A timeout: `forever` for what is negative, or longer than can be counted. */
template <class Rep, class Period>
std::int64_t timeout_of(std::chrono::duration<Rep, Period> timeout) noexcept
{
    const std::int64_t count = nanoseconds_of(timeout);
    return count < 0 || count == INT64_MAX ? MIO_FOREVER : count;
}

} // namespace detail

/* What a wait fills. */
class events {
  public:
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = event;
        using difference_type = std::ptrdiff_t;
        using pointer = const event *;
        using reference = event;

        iterator() noexcept = default;
        explicit iterator(const mio_event *at) noexcept : at_(at)
        {
        }
        event operator*() const noexcept
        {
            return event(at_);
        }
        iterator &operator++() noexcept
        {
            ++at_;
            return *this;
        }
        iterator operator++(int) noexcept
        {
            return iterator(at_++);
        }
        bool operator==(const iterator &other) const noexcept
        {
            return at_ == other.at_;
        }
        bool operator!=(const iterator &other) const noexcept
        {
            return at_ != other.at_;
        }

      private:
        const mio_event *at_ = nullptr;
    };

    [[nodiscard]] std::error_code open(std::size_t capacity) noexcept
    {
        mio_events *made = nullptr;
        int result = mio_events_new(capacity, nullptr, &made);
        if (result == 0)
            object_.reset(made);
        return error_of(result);
    }
    /* Empty events are an array of none. */
    iterator begin() const noexcept
    {
        return iterator(object_ ? object_->list : nullptr);
    }
    iterator end() const noexcept
    {
        return iterator(object_ ? object_->list + object_->len : nullptr);
    }
    std::size_t size() const noexcept
    {
        return object_ ? object_->len : 0;
    }
    bool empty() const noexcept
    {
        return size() == 0;
    }
    mio_events *get() const noexcept
    {
        return object_.get();
    }

  private:
    detail::owned<mio_events> object_;
};

/* --- polls and registries --- */

/* A registry: a poll's own, for as long as there is the poll, or a clone, which this owns. */
class registry {
  public:
    registry() noexcept = default;

    [[nodiscard]] std::error_code add(mio_fd fd, mio_token token, mio_interest wanted) noexcept
    {
        return error_of(mio_registry_register(get(), fd, token, wanted));
    }
    [[nodiscard]] std::error_code change(mio_fd fd, mio_token token, mio_interest wanted) noexcept
    {
        return error_of(mio_registry_reregister(get(), fd, token, wanted));
    }
    [[nodiscard]] std::error_code set(mio_fd fd, mio_token token, mio_interest wanted) noexcept
    {
        return error_of(mio_registry_set(get(), fd, token, wanted));
    }
    std::error_code remove(mio_fd fd) noexcept
    {
        return error_of(mio_registry_deregister(get(), fd));
    }
    /* Another registry of the same poll, for another thread to own. */
    [[nodiscard]] std::error_code clone_to(registry &other) const noexcept
    {
        mio_registry *made = nullptr;
        int result = mio_registry_clone(get(), &made);
        if (result == 0) {
            other.clone_.reset(made);
            other.of_poll_ = nullptr;
        }
        return error_of(result);
    }
    mio_registry *get() const noexcept
    {
        return clone_ ? clone_.get() : of_poll_;
    }

  private:
    friend class poll;
    explicit registry(mio_registry *of_poll) noexcept : of_poll_(of_poll)
    {
    }

    detail::owned<mio_registry> clone_;
    mio_registry *of_poll_ = nullptr;
};

class poll {
  public:
    [[nodiscard]] std::error_code open(const mio_options *options = nullptr) noexcept
    {
        mio_poll *made = nullptr;
        int result = mio_poll_new(options, &made);
        if (result == 0)
            object_.reset(made);
        return error_of(result);
    }
    /* Waits once. An array without events and no error: the time is over, or a signal came. */
    template <class Rep, class Period>
    [[nodiscard]] std::error_code wait(events &into,
                                       std::chrono::duration<Rep, Period> timeout) noexcept
    {
        return error_of(mio_poll_wait(get(), into.get(), detail::timeout_of(timeout)));
    }
    /* Waits until there is an event or the deadline has passed, whatever signals come. */
    [[nodiscard]] std::error_code wait_until(events &into, clock::time_point deadline) noexcept
    {
        return error_of(
            mio_poll_wait_until(get(), into.get(), deadline.time_since_epoch().count()));
    }
    /* Of an empty poll: a registry whose calls are EINVAL. */
    mio::registry registry() const noexcept
    {
        return mio::registry(mio_poll_registry(get()));
    }
    bool supports(mio_interest wanted) const noexcept
    {
        return mio_poll_supports(get(), wanted);
    }
    const char *backend() const noexcept
    {
        return mio_poll_backend(get());
    }
    mio_poll *get() const noexcept
    {
        return object_.get();
    }

  private:
    detail::owned<mio_poll> object_;
};

class waker {
  public:
    [[nodiscard]] std::error_code open(const registry &in, mio_token token) noexcept
    {
        mio_waker *made = nullptr;
        int result = mio_waker_new(in.get(), token, &made);
        if (result == 0)
            object_.reset(made);
        return error_of(result);
    }
    std::error_code wake() const noexcept
    {
        return error_of(mio_waker_wake(object_.get()));
    }
    mio_waker *get() const noexcept
    {
        return object_.get();
    }

  private:
    detail::owned<mio_waker> object_;
};

/* A timer. It stays where it is, since a poll links those that are set: keep it in the object that
 * it is for. Its destructor cancels it, so the registry it was set in must be there for as long. */
class timer {
  public:
    timer() noexcept
    {
        mio_timer_init(&timer_);
    }
    timer(const timer &) = delete;
    timer &operator=(const timer &) = delete;
    ~timer()
    {
        cancel();
    }

    template <class Rep, class Period>
    [[nodiscard]] std::error_code set_after(const registry &in, mio_token token,
                                            std::chrono::duration<Rep, Period> after) noexcept
    {
        return keep(in,
                    mio_timer_set_after(&timer_, in.get(), token, detail::nanoseconds_of(after)));
    }
    template <class Rep, class Period>
    [[nodiscard]] std::error_code set_every(const registry &in, mio_token token,
                                            std::chrono::duration<Rep, Period> period) noexcept
    {
        return keep(in,
                    mio_timer_set_every(&timer_, in.get(), token, detail::nanoseconds_of(period)));
    }
    [[nodiscard]] std::error_code set(const registry &in, mio_token token,
                                      clock::time_point deadline) noexcept
    {
        return keep(in,
                    mio_timer_set(&timer_, in.get(), token, deadline.time_since_epoch().count()));
    }
    /* Whether it was set, so that no event of it comes any more. */
    bool cancel() noexcept
    {
        bool was_set = in_ && mio_timer_cancel(&timer_, in_) == 1;
        in_ = nullptr;
        return was_set;
    }
    mio_timer *get() noexcept
    {
        return &timer_;
    }

  private:
    std::error_code keep(const registry &in, int result) noexcept
    {
        if (result == 0)
            in_ = in.get();
        return error_of(result);
    }

    mio_timer timer_;
    mio_registry *in_ = nullptr;
};

} // namespace mio

#include <mio/net.hpp>

#endif
