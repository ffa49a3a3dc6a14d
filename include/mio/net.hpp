/* SPDX-License-Identifier: MIT */
/* Sockets, pipes, and descriptors of a program's own as handles; a part of mio.hpp. */
#ifndef MIO_NET_HPP
#define MIO_NET_HPP

#include <mio.hpp>

#include <utility>

namespace mio {

/* Owns a value of the library's that begins with a `source`. */
template <class Value> class source_handle {
  public:
    source_handle() noexcept
    {
        mio_source_init(&value_.source, MIO_INVALID_FD);
    }
    source_handle(source_handle &&other) noexcept : source_handle()
    {
        std::swap(value_, other.value_);
    }
    source_handle &operator=(source_handle &&other) noexcept
    {
        if (this != &other) {
            close();
            std::swap(value_, other.value_);
        }
        return *this;
    }
    source_handle(const source_handle &) = delete;
    source_handle &operator=(const source_handle &) = delete;
    ~source_handle()
    {
        close();
    }

    [[nodiscard]] std::error_code register_in(const registry &in, mio_token token,
                                              mio_interest wanted) noexcept
    {
        return error_of(mio_source_register(&value_.source, in.get(), token, wanted));
    }
    [[nodiscard]] std::error_code register_in(const poll &in, mio_token token,
                                              mio_interest wanted) noexcept
    {
        return register_in(in.registry(), token, wanted);
    }
    [[nodiscard]] std::error_code reregister(mio_token token, mio_interest wanted) noexcept
    {
        return error_of(mio_source_reregister(&value_.source, token, wanted));
    }
    std::error_code deregister() noexcept
    {
        return error_of(mio_source_deregister(&value_.source));
    }
    /* Deregisters and closes. Nothing happens to an empty one. */
    std::error_code close() noexcept
    {
        return is_open() ? error_of(mio_source_close(&value_.source)) : std::error_code();
    }
    bool is_open() const noexcept
    {
        return value_.source.fd != MIO_INVALID_FD;
    }
    explicit operator bool() const noexcept
    {
        return is_open();
    }
    mio_fd fd() const noexcept
    {
        return value_.source.fd;
    }
    [[nodiscard]] std::error_code local_addr(mio_addr &address) const noexcept
    {
        return error_of(mio_source_local_addr(&value_.source, &address));
    }
    [[nodiscard]] std::error_code peer_addr(mio_addr &address) const noexcept
    {
        return error_of(mio_source_peer_addr(&value_.source, &address));
    }
    /* The socket's pending error, which is cleared. */
    std::error_code take_error() noexcept
    {
        return error_of(mio_source_take_error(&value_.source));
    }
    Value *get() noexcept
    {
        return &value_;
    }
    const Value *get() const noexcept
    {
        return &value_;
    }

  private:
    Value value_{};
};

struct raw_source {
    mio_source source;
};

using source = source_handle<raw_source>;
using tcp_listener = source_handle<mio_tcp_listener>;
using tcp_stream = source_handle<mio_tcp_stream>;
using udp_socket = source_handle<mio_udp_socket>;
using unix_listener = source_handle<mio_unix_listener>;
using unix_stream = source_handle<mio_unix_stream>;
using unix_datagram = source_handle<mio_unix_datagram>;
using pipe_sender = source_handle<mio_pipe_sender>;
using pipe_receiver = source_handle<mio_pipe_receiver>;

/* What makes a handle's value closes what was in it first. */
[[nodiscard]] inline std::error_code bind(tcp_listener &into, const mio_addr &address,
                                          const mio_socket_options *options = nullptr) noexcept
{
    into.close();
    return error_of(mio_tcp_listener_bind(&address, options, into.get()));
}
[[nodiscard]] inline std::error_code bind(unix_listener &into, const mio_addr &address,
                                          const mio_socket_options *options = nullptr) noexcept
{
    into.close();
    return error_of(mio_unix_listener_bind(&address, options, into.get()));
}
[[nodiscard]] inline std::error_code bind(udp_socket &into, const mio_addr &address,
                                          const mio_socket_options *options = nullptr) noexcept
{
    into.close();
    return error_of(mio_udp_socket_bind(&address, options, into.get()));
}
[[nodiscard]] inline std::error_code connect(tcp_stream &into, const mio_addr &address,
                                             const mio_socket_options *options = nullptr) noexcept
{
    into.close();
    return error_of(mio_tcp_stream_connect(&address, options, into.get()));
}
[[nodiscard]] inline std::error_code connect(unix_stream &into, const mio_addr &address,
                                             const mio_socket_options *options = nullptr) noexcept
{
    into.close();
    return error_of(mio_unix_stream_connect(&address, options, into.get()));
}
[[nodiscard]] inline std::error_code accept(tcp_listener &from, tcp_stream &into,
                                            mio_addr *peer = nullptr) noexcept
{
    into.close();
    return error_of(mio_tcp_listener_accept(from.get(), into.get(), peer));
}
[[nodiscard]] inline std::error_code accept(unix_listener &from, unix_stream &into,
                                            mio_addr *peer = nullptr) noexcept
{
    into.close();
    return error_of(mio_unix_listener_accept(from.get(), into.get(), peer));
}
[[nodiscard]] inline std::error_code open_pipe(pipe_sender &sender,
                                               pipe_receiver &receiver) noexcept
{
    sender.close();
    receiver.close();
    return error_of(mio_pipe_open(sender.get(), receiver.get()));
}

/* How many bytes were moved. 0 without an error is the end, when reading. */
inline std::size_t read(tcp_stream &from, void *buffer, std::size_t size,
                        std::error_code &error) noexcept
{
    return count_of(mio_tcp_stream_read(from.get(), buffer, size), error);
}
inline std::size_t read(unix_stream &from, void *buffer, std::size_t size,
                        std::error_code &error) noexcept
{
    return count_of(mio_unix_stream_read(from.get(), buffer, size), error);
}
inline std::size_t read(pipe_receiver &from, void *buffer, std::size_t size,
                        std::error_code &error) noexcept
{
    return count_of(mio_pipe_receiver_read(from.get(), buffer, size), error);
}
inline std::size_t write(tcp_stream &to, const void *buffer, std::size_t size,
                         std::error_code &error) noexcept
{
    return count_of(mio_tcp_stream_write(to.get(), buffer, size), error);
}
inline std::size_t write(unix_stream &to, const void *buffer, std::size_t size,
                         std::error_code &error) noexcept
{
    return count_of(mio_unix_stream_write(to.get(), buffer, size), error);
}
inline std::size_t write(pipe_sender &to, const void *buffer, std::size_t size,
                         std::error_code &error) noexcept
{
    return count_of(mio_pipe_sender_write(to.get(), buffer, size), error);
}

} // namespace mio

#endif
