/* SPDX-License-Identifier: MIT */
/*
 * Orders beside those of kqmodel_hooks.c: to answer as a kqueue that is a library, and to tell with
 * what time a call waited.
 */
#define _GNU_SOURCE

#include "kqmodel.h"

#include "kqmodel_inner.h"

static bool losing;
static int64_t last_seconds;

bool loses_receipt(const struct kevent *change)
{
    return losing && knote_kind((int)change->filter) != KIND_USER;
}

void note_timeout(const struct timespec *timeout)
{
    last_seconds = timeout ? (int64_t)timeout->tv_sec : -1;
}

void orders_reset(void)
{
    losing = false;
    last_seconds = 0;
}

void kqmodel_lose_receipts(bool lose)
{
    sigset_t mask;
    model_lock(&mask);
    losing = lose;
    model_unlock(&mask);
}

int64_t kqmodel_last_timeout(void)
{
    sigset_t mask;
    model_lock(&mask);
    int64_t seconds = last_seconds;
    model_unlock(&mask);
    return seconds;
}
