/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine_inside.h"

#include <errno.h>
#include <poll.h>

static bool add_registration(struct machine *machine, const struct operation *operation, int end,
                             bool is_source, mio_interest interest)
{
    struct handle *handle = &machine->handles[end];
    const struct registration *registration = registration_of(machine, end);
    mio_token token = oracle_token(&machine->oracle);
    struct call call = {.kind = CALL_REGISTER,
                        .registry = a_registry(machine, operation),
                        .fd = handle->fd,
                        .token = token,
                        .interest = interest};
    note(machine, " end %d (descriptor %d%s) %s token 0x%llx", end, handle->fd,
         is_source ? ", source" : "", text_of(interest), (unsigned long long)token);
    struct mio_source again = handle->source;
    if (is_source)
        call.source = registration->active ? &again : &handle->source;
    int result;
    if (registration->active && is_source)
        result = mio_source_register(&again, call.registry, token, interest);
    else
        result = call_now(operation, &call);
    check_result(machine, RULE_REG3, "register", end,
                 oracle_register(&machine->oracle, end, is_source, token, interest), result);
    return true;
}

/*
 * A second registration of a raw descriptor replaces the first by halves where the kernel takes it
 * (K6); what is left is registered, and can be deregistered.
 */
static bool register_twice(struct machine *machine, int end, mio_interest interest)
{
    int fd = machine->handles[end].fd;
    const struct registration *registration = registration_of(machine, end);
    bool may_be_unknown = registration->ended;
    mio_token token = oracle_token(&machine->oracle);
    note(machine, " end %d a second time, %s token 0x%llx", end, text_of(interest),
         (unsigned long long)token);
    int result = mio_registry_register(machine->registry, fd, token, interest);
    oracle_bell(&machine->oracle); /* an injected event rings */
    check_result(machine, RULE_REG3, "a second registration", end, 0, result);
    result = mio_registry_deregister(machine->registry, fd);
    oracle_deregister(&machine->oracle, end);
    check_result(machine, RULE_REG3, "deregistering after it", end,
                 may_be_unknown && result < 0 ? -ENOENT : 0, result);
    return true;
}

bool do_register(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    if (!is_open(machine, end))
        return false;
    const struct registration *registration = registration_of(machine, end);
    bool is_source = registration->active ? registration->is_source : operation->b % 2 != 0;
    mio_interest interest = oracle_fit(&machine->oracle, end, operation->a);
    if (registration->active && !is_source && machine->oracle.traits.replaces_raw)
        return register_twice(machine, end, interest);
    return add_registration(machine, operation, end, is_source, interest);
}

bool do_reregister(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    if (!is_open(machine, end))
        return false;
    mio_interest interest = oracle_fit(&machine->oracle, end, operation->a);
    mio_token token = oracle_token(&machine->oracle);
    struct call call = {.kind = CALL_REREGISTER,
                        .registry = a_registry(machine, operation),
                        .source = source_of(machine, end),
                        .fd = machine->handles[end].fd,
                        .token = token,
                        .interest = interest};
    note(machine, " end %d%s %s token 0x%llx", end, call.source ? " (source)" : "",
         text_of(interest), (unsigned long long)token);
    int result = call_now(operation, &call);
    check_result(machine, RULE_REG3, "reregister", end,
                 oracle_reregister(&machine->oracle, end, token, interest), result);
    return true;
}

bool do_deregister(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    if (!is_open(machine, end))
        return false;
    struct call call = {.kind = CALL_DEREGISTER,
                        .registry = a_registry(machine, operation),
                        .source = source_of(machine, end),
                        .fd = machine->handles[end].fd};
    note(machine, " end %d%s", end, call.source ? " (source)" : "");
    int result = call_now(operation, &call);
    check_result(machine, RULE_REG3, "deregister", end, oracle_deregister(&machine->oracle, end),
                 result);
    return true;
}

static int plan_change(struct machine *machine, struct mio_change *change, int end, unsigned kind,
                       uint8_t a)
{
    const struct registration *registration = registration_of(machine, end);
    *change = (struct mio_change){.fd = machine->handles[end].fd, .result = 1};
    if (kind <= 1 && !(registration->active && machine->oracle.traits.replaces_raw))
        change->kind = MIO_REGISTER;
    else
        change->kind = kind == 3 ? MIO_DEREGISTER : MIO_REREGISTER;
    change->interest = oracle_fit(&machine->oracle, end, a);
    change->token = change->kind == MIO_DEREGISTER ? 0 : oracle_token(&machine->oracle);
    switch (change->kind) {
    case MIO_REGISTER:
        return oracle_register(&machine->oracle, end, false, change->token, change->interest);
    case MIO_REREGISTER:
        return oracle_reregister(&machine->oracle, end, change->token, change->interest);
    default:
        return oracle_deregister(&machine->oracle, end);
    }
}

bool do_apply(struct machine *machine, const struct operation *operation)
{
    enum { MAX_CHANGES = 6 };
    static const char *const names[] = {"register", "reregister", "deregister"};
    struct mio_change changes[MAX_CHANGES];
    int expected[MAX_CHANGES];
    int ends[MAX_CHANGES];
    size_t count = 0;
    int succeeding = 0;
    for (unsigned i = 0; i < 2u + operation->b % (MAX_CHANGES - 1); i++) {
        /* The same end twice, now and then. */
        int end = (operation->where + (int)(i % 4)) % ENDS;
        if (!is_open(machine, end) || registration_of(machine, end)->is_source)
            continue;
        uint8_t a = (uint8_t)(operation->b * (i + 3));
        expected[count] =
            plan_change(machine, &changes[count], end, (operation->a >> (2 * (i % 4))) & 3, a);
        succeeding += expected[count] == 0;
        ends[count++] = end;
    }
    if (count == 0)
        return false;
    int result = mio_registry_apply(a_registry(machine, operation), changes, count);
    for (size_t i = 0; i < count; i++) {
        note(machine, "\n        %s end %d %s token 0x%llx", names[changes[i].kind], ends[i],
             text_of(changes[i].interest), (unsigned long long)changes[i].token);
        check_result(machine, RULE_REG4, names[changes[i].kind], ends[i], expected[i],
                     changes[i].result);
    }
    check_result(machine, RULE_REG4, "mio_registry_apply()", -1, succeeding, result);
    return true;
}

bool do_rearm(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    enum direction direction = operation->a % 2 != 0 ? OUT : IN;
    if (!is_open(machine, end))
        return false;
    note(machine, " end %d", end);
    int result = mio_registry_rearm(a_registry(machine, operation), machine->handles[end].fd,
                                    direction == IN ? MIO_READABLE : MIO_WRITABLE);
    check_result(machine, RULE_REG3, "mio_registry_rearm()", end,
                 oracle_rearm(&machine->oracle, end, direction, false), result);
    return true;
}

/* --- wakers --- */

bool do_new_waker(struct machine *machine, const struct operation *operation)
{
    int waker = operation->where % WAKERS;
    if (machine->wakers[waker])
        return false;
    mio_token token = oracle_token(&machine->oracle);
    note(machine, " %d token 0x%llx", waker, (unsigned long long)token);
    int result = mio_waker_new(a_registry(machine, operation), token, &machine->wakers[waker]);
    check_result(machine, RULE_WAKE2, "mio_waker_new()", waker, 0, result);
    oracle_waker_made(&machine->oracle, waker, token);
    return true;
}

bool do_wake(struct machine *machine, const struct operation *operation)
{
    int waker = operation->where % WAKERS;
    if (!machine->wakers[waker])
        return do_new_waker(machine, operation);
    note(machine, " %d", waker);
    struct call call = {.kind = CALL_WAKE, .waker = machine->wakers[waker]};
    int result = call_now(operation, &call);
    oracle_woken(&machine->oracle, waker);
    check_result(machine, RULE_WAKE1, "mio_waker_wake()", waker, 0, result);
    return true;
}

bool do_free_waker(struct machine *machine, const struct operation *operation)
{
    int waker = operation->where % WAKERS;
    if (!machine->wakers[waker])
        return false;
    note(machine, " %d", waker);
    mio_waker_free(machine->wakers[waker]);
    machine->wakers[waker] = NULL;
    oracle_waker_freed(&machine->oracle, waker);
    return true;
}

/* --- the rest --- */

bool do_embed(struct machine *machine, const struct operation *operation)
{
    (void)operation;
    int fd = mio_poll_fd(machine->poll);
    oracle_bell(&machine->oracle);
    if (!machine->oracle.traits.has_fd) {
        check_result(machine, RULE_WAKE1_FD, "mio_poll_fd()", -1, -ENOTSUP, fd);
        return true;
    }
    struct pollfd asked = {.fd = fd, .events = POLLIN};
    bool due = oracle_anything_due(&machine->oracle, true);
    bool ready = poll(&asked, 1, 0) == 1;
    note(machine, " descriptor %d is %s", fd, ready ? "ready" : "quiet");
    oracle_check(&machine->oracle, RULE_WAKE1_FD, fd >= 0 && (ready || !due),
                 "mio_poll_fd(), %d, is quiet, though a wait would deliver", fd);
    return true;
}

bool do_clone(struct machine *machine, const struct operation *operation)
{
    (void)operation;
    if (machine->clone) {
        mio_registry_free(machine->clone);
        machine->clone = NULL;
        return true;
    }
    refuse(machine, RULE_LIFE4, "clone", 0, mio_registry_clone(machine->registry, &machine->clone));
    oracle_check(&machine->oracle, RULE_LIFE4,
                 mio_registry_id(machine->clone) == mio_registry_id(machine->registry), "%s",
                 "a clone has another number");
    return true;
}
