/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine_inside.h"

#include "fault.h"

#include <errno.h>

static bool misuse_interest(struct machine *machine, const struct operation *operation)
{
    mio_interest interest = (mio_interest)operation->b | ((mio_interest)operation->a << 5 & 0xf00);
    int expected = oracle_interest(&machine->oracle, interest);
    if (expected == 0)
        return false;
    int end = operation->where;
    int fd = is_open(machine, end) ? machine->handles[end].fd : NEVER_OPEN;
    note(machine, " %s", text_of(interest));
    refuse(machine, RULE_REG1, "register", expected,
           mio_registry_register(machine->registry, fd, 1, interest));
    refuse(machine, RULE_REG1, "reregister", expected,
           mio_registry_reregister(machine->registry, fd, 1, interest));
    refuse(machine, RULE_REG1, "rearm", expected,
           mio_registry_rearm(machine->registry, fd, interest));
    return true;
}

static bool misuse_closed(struct machine *machine)
{
    refuse(machine, RULE_REG3, "register what is closed", -EBADF,
           mio_registry_register(machine->registry, NEVER_OPEN, 1, MIO_READABLE));
    refuse(machine, RULE_REG3, "reregister what is closed", -EBADF,
           mio_registry_reregister(machine->registry, NEVER_OPEN, 1, MIO_WRITABLE));
    refuse(machine, RULE_REG3, "deregister what is closed", -EBADF,
           mio_registry_deregister(machine->registry, NEVER_OPEN));
    return true;
}

static bool misuse_file(struct machine *machine, int fd)
{
    refuse(machine, RULE_REG8, "register a file", -EPERM,
           mio_registry_register(machine->registry, fd, 1, MIO_READABLE | MIO_WRITABLE));
    return true;
}

static bool misuse_registry(struct machine *machine, const struct operation *operation)
{
    struct mio_source *source = source_of(machine, operation->where);
    struct mio_registry *other = mio_poll_registry(machine->other);
    if (!source)
        return false;
    refuse(machine, RULE_REG3, "register with another registry", -EEXIST,
           mio_source_register(source, other, 1, MIO_READABLE));
    return true;
}

static bool misuse_source(struct machine *machine)
{
    struct mio_source source;
    mio_source_init(&source, MIO_INVALID_FD);
    refuse(machine, RULE_REG3, "register an empty source", -EBADF,
           mio_source_register(&source, machine->registry, 1, MIO_READABLE));
    refuse(machine, RULE_REG3, "reregister an unregistered source", -ENOENT,
           mio_source_reregister(&source, 1, MIO_READABLE));
    refuse(machine, RULE_REG3, "deregister an unregistered source", -ENOENT,
           mio_source_deregister(&source));
    refuse(machine, RULE_REG3, "close an empty source", -EBADF, mio_source_close(&source));
    return true;
}

static bool misuse_wait(struct machine *machine)
{
    refuse(machine, RULE_WAIT1, "a negative timeout", -EINVAL,
           mio_poll_wait(machine->poll, machine->events[1], -2));
    struct mio_change change = {.kind = (enum mio_change_kind)7, .fd = 0};
    refuse(machine, RULE_REG4, "a batch with an unknown kind", 0,
           mio_registry_apply(machine->registry, &change, 1));
    refuse(machine, RULE_REG4, "an unknown kind", -EINVAL, change.result);
    return true;
}

bool do_misuse(struct machine *machine, const struct operation *operation)
{
    switch (operation->a % 8) {
    case 0:
        return misuse_closed(machine);
    case 1:
        return misuse_file(machine, machine->file);
    case 2:
        return misuse_file(machine, machine->directory);
    case 3:
        return misuse_registry(machine, operation);
    case 4:
        return misuse_source(machine);
    case 5:
        return misuse_wait(machine);
    default:
        return misuse_interest(machine, operation);
    }
}

static unsigned filters_of(mio_interest interest)
{
    return ((interest & MIO_READABLE) != 0 ? 1u : 0) + ((interest & MIO_WRITABLE) != 0 ? 1u : 0) +
           ((interest & MIO_PRIORITY) != 0 ? 1u : 0);
}

/* Out of memory for one of the filters: nothing is left of a registration, and all of a source's
 * that was to be replaced. */
static bool fault_refusal(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    const struct registration *registration = registration_of(machine, end);
    mio_interest interest = oracle_fit(&machine->oracle, end, operation->a);
    unsigned n = 1 + (operation->b >> 1) % 3;
    if (registration->active && !registration->is_source)
        return false;
    if (n > filters_of(interest))
        n = filters_of(interest);
    mio_token token = oracle_token(&machine->oracle);
    note(machine, " end %d, filter %u of %s token 0x%llx", end, n, text_of(interest),
         (unsigned long long)token);
    struct call call = {.kind = registration->active ? CALL_REREGISTER : CALL_REGISTER,
                        .registry = machine->registry,
                        .fd = machine->handles[end].fd,
                        .token = token,
                        .interest = interest};
    if (registration->active || operation->b % 2 != 0)
        call.source = &machine->handles[end].source;
    fault_order(n);
    make_call(&call);
    fault_clear();
    check_result(machine, RULE_REG4, "without memory", end, -ENOMEM, call.result);
    oracle_reregistration_failed(&machine->oracle, end);
    return true;
}

static bool fault_interruption(struct machine *machine, const struct operation *operation)
{
    if (registration_of(machine, operation->where)->active &&
        !registration_of(machine, operation->where)->is_source)
        return false;
    note(machine, " interrupted");
    fault_order(0);
    bool done = registration_of(machine, operation->where)->active
                    ? do_reregister(machine, operation)
                    : do_register(machine, operation);
    fault_clear();
    return done;
}

bool do_fault(struct machine *machine, const struct operation *operation)
{
    if (!HAVE_FAULTS || !machine->oracle.traits.has_faults || !is_open(machine, operation->where))
        return false;
    return operation->b >= 128 ? fault_interruption(machine, operation)
                               : fault_refusal(machine, operation);
}
