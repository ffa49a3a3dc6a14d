/* SPDX-License-Identifier: MIT */
/* What portmodel.h offers to tests. */
#include "portmodel_inner.h"

struct order {
    unsigned left; /* 0: none; 1: strikes at the next call */
    int error;
};

static struct order orders[PORTMODEL_CALLS];
static unsigned counts[PORTMODEL_CALLS];
static unsigned max_events;
static bool look_is_etime;

int order_of(enum portmodel_call call)
{
    struct order *order = &orders[call];
    counts[call]++;
    if (order->left == 0 || --order->left > 0)
        return 0;
    return order->error;
}

unsigned max_events_ordered(void)
{
    return max_events != 0 ? max_events : DEFAULT_MAX_EVENTS;
}

bool look_ends_in_etime(void)
{
    return look_is_etime;
}

void portmodel_reset(void)
{
    sigset_t mask;
    model_lock(&mask);
    for (int i = 0; i < PORTMODEL_CALLS; i++) {
        orders[i] = (struct order){0, 0};
        counts[i] = 0;
    }
    max_events = 0;
    look_is_etime = false;
    model_unlock(&mask);
}

void portmodel_fail(enum portmodel_call call, unsigned n, int error)
{
    sigset_t mask;
    model_lock(&mask);
    orders[call] = (struct order){n, error};
    model_unlock(&mask);
}

unsigned portmodel_count(enum portmodel_call call)
{
    sigset_t mask;
    model_lock(&mask);
    unsigned count = counts[call];
    model_unlock(&mask);
    return count;
}

void portmodel_set_max_events(unsigned max)
{
    sigset_t mask;
    model_lock(&mask);
    max_events = max;
    model_unlock(&mask);
}

void portmodel_set_look_ends_in_etime(bool etime)
{
    sigset_t mask;
    model_lock(&mask);
    look_is_etime = etime;
    model_unlock(&mask);
}
