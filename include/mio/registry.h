/* SPDX-License-Identifier: MIT */
/*
 * The registry of a poll: which descriptors it watches, for what, under which token.
 *
 * Every function may be called from any thread while another waits, and takes effect on that wait.
 * None takes ownership of a descriptor or makes it non-blocking: with edge-triggered interest it
 * has to be.
 *
 * A typed socket is registered by its source. Where it has to be by its number, as one listener in
 * several polls with MIO_EXCLUSIVE has, its own calls do not know of that registration. On epoll
 * and kqueue that makes no difference; with poll(2) it is silent for ever after the first EAGAIN,
 * unless mio_registry_rearm() is called:
 *
 *   mio_registry_register(registry, listener.source.fd, token, MIO_READABLE | exclusive);
 *   ...
 *   n = mio_tcp_listener_accept(&listener, &stream, NULL);
 *   if (n == -EAGAIN)
 *       mio_registry_rearm(registry, listener.source.fd, MIO_READABLE);
 *
 * where `exclusive` is MIO_EXCLUSIVE or, where mio_poll_supports() says that there is none, 0.
 *
 * A descriptor is watched once in a poll. It should be deregistered before it is closed: epoll and
 * kqueue forget a closed descriptor by themselves, but epoll only when its last duplicate is closed
 * too (E1). mio_source_close() does both in the right order.
 */
#ifndef MIO_REGISTRY_H
#define MIO_REGISTRY_H

#include <mio/interest.h>
#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_registry;

/*
 * Starts watching `fd`. What is already ready gives an event.
 *
 * -EINVAL: NULL, an empty interest, unknown bits, or bits that exclude each other (LEVEL with
 * ONESHOT, EXCLUSIVE with ONESHOT or PRIORITY). -ENOTSUP: this selector cannot serve the interest.
 * -EBADF: the descriptor is closed. -EEXIST: it is registered already (on kqueue a raw
 * descriptor's second registration is taken, and replaces the token of those filters that both ask
 * for; with poll(2) it replaces the first one where nothing tells one file from another, as of
 * eventfds; a struct mio_source is checked everywhere). -EPERM: a regular file or a directory, or
 * on Linux anything else that epoll cannot watch. -ENOMEM, -ENOSPC (fs.epoll.max_user_watches).
 * -ECHILD: see mio_poll_wait(). What the kernel says of a device or of a nested selector is passed
 * on. After an error nothing is registered that was not before.
 */
MIO_API int mio_registry_register(struct mio_registry *registry, mio_fd fd, mio_token token,
                                  mio_interest interest);

/*
 * Replaces token and interest of a watched descriptor wholly, the mode too, and reports again what
 * is ready. Arms a one-shot registration that has fired.
 *
 * Errors as for registering, and -ENOENT: not registered. After an error the old registration is in
 * place; for raw descriptors on kqueue, and for exclusive ones, none is.
 */
MIO_API int mio_registry_reregister(struct mio_registry *registry, mio_fd fd, mio_token token,
                                    mio_interest interest);

/*
 * Stops watching. No wait that begins after this has returned delivers the registration's token.
 *
 * -EBADF: the descriptor is closed. -ENOENT: it is not registered.
 *
 * kqueue knows of a raw descriptor only what the kernel has. It returns -ENOENT also
 * - when the kernel has ended the registration itself: on FreeBSD that of a pipe's writing end,
 *   with the event that tells of its reader's close;
 * - when the registration was for MIO_AIO or MIO_LIO alone, which the kernel is not told.
 * And it returns 0 for a raw descriptor that is not registered when a signal interrupts the system
 * call: it is made again, and what it no longer finds the first try may have removed. In the same
 * case mio_registry_reregister() registers such a descriptor.
 *
 * With poll(2) this blocks while another thread waits: until that thread has been woken and has
 * left the system call, in which the kernel still holds the file. Its wait then goes on by itself.
 */
MIO_API int mio_registry_deregister(struct mio_registry *registry, mio_fd fd);

/*
 * Makes the descriptor's registration that of `token` and `interest`, whether there was one or not:
 * registers or reregisters it, and with an interest of 0 deregisters it. What is ready gives an
 * event. For programs that keep a mask a descriptor, and not whether it is registered. Costs one
 * system call of the kernel's selector; with epoll two for a descriptor that was not registered.
 *
 * Errors as for registering, but for -EEXIST; never -ENOENT. With an interest of 0 the token is not
 * read, and 0 is returned too where nothing was registered; -EBADF: the descriptor is closed. After
 * an error the old registration is in place; on kqueue, and for an exclusive one, none may be.
 * A descriptor that is a source's is the source's to register.
 */
MIO_API int mio_registry_set(struct mio_registry *registry, mio_fd fd, mio_token token,
                             mio_interest interest);

/*
 * To be called after an operation on a watched raw descriptor gave EAGAIN, with what the operation
 * wanted: MIO_READABLE after reading or accepting, MIO_WRITABLE after writing. Asks for the next
 * edge. Costs nothing where the kernel makes the edges itself (kqueue, epoll), which is why it has
 * to be called only by programs that also run elsewhere; but on macOS a character device, /dev/tty
 * for one, gives no edge after its first without it (K55). Typed sockets and pipes call it
 * themselves. With poll(2) it also looks whether an error that was told has been taken. Does
 * nothing to level-triggered and one-shot registrations. -EINVAL, -ENOTSUP as for
 * registering; -ENOENT: not registered, where the selector has to know.
 */
MIO_API int mio_registry_rearm(struct mio_registry *registry, mio_fd fd, mio_interest interest);

enum mio_change_kind { MIO_REGISTER, MIO_REREGISTER, MIO_DEREGISTER };

/* One step of a batch. */
struct mio_change {
    enum mio_change_kind kind;
    mio_fd fd;
    mio_token token;       /* not read by MIO_DEREGISTER */
    mio_interest interest; /* not read by MIO_DEREGISTER */
    int result;            /* written: what the call of that name would have returned */
    uintptr_t reserved;    /* 0, else the result is -EINVAL */
};

/*
 * Takes each change in turn, as the call of that name would, in as few system calls as the kernel
 * allows (kqueue: one for some dozens of changes). A change that fails does not stop the next.
 * Returns how many succeeded; -EINVAL for NULL and -ECHILD before anything was tried. Changes of
 * one descriptor in one batch are taken in order.
 */
MIO_API int mio_registry_apply(struct mio_registry *registry, struct mio_change *changes, size_t n);

/* Makes another handle to the same registry, to be freed by its owner, before or after the poll.
 * -EINVAL, -ENOMEM. */
MIO_NODISCARD MIO_API int mio_registry_clone(struct mio_registry *registry,
                                             struct mio_registry **clone);

/* Frees a clone (or NULL). The registry that a poll lends by mio_poll_registry() is left as it is.
 */
MIO_API void mio_registry_free(struct mio_registry *clone);

/*
 * The selector's descriptor, for a kernel interface that wants its number: aio(4)'s SIGEV_KEVENT,
 * /proc/self/fdinfo, a debugger. It stays the library's: do not close it, wait on it, read events
 * from it or change its entries. Unlike mio_poll_fd() this changes nothing about waking, so the
 * descriptor must not be watched by another event loop: it may stay silent about a wake. Any
 * thread, at any time. -EINVAL: NULL. -ENOTSUP where the selector is no descriptor (poll). -ECHILD:
 * see mio_poll_wait().
 */
MIO_API int mio_registry_fd(const struct mio_registry *registry);

/* A number of the selector behind the registry: the same for all clones, never used twice in a
 * process, never 0. */
MIO_API uint64_t mio_registry_id(const struct mio_registry *registry);

MIO_END_DECLS

#endif
