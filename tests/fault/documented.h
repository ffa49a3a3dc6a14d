/* SPDX-License-Identifier: MIT */
#ifndef FAULT_DOCUMENTED_H
#define FAULT_DOCUMENTED_H

#include "fault.h"

/* What a step returns when a call in it has failed. */
enum outcome {
    PASSED_ON,     /* the errno value, negative */
    ABSORBED,      /* what it returns without the fault */
    TOLD,          /* the same, and the log is told of the error */
    BECOMES,       /* another error */
    EXPLAINED,     /* the error, or another that says the same better */
    CLOSED,        /* the error, but what was to be closed is closed: no second attempt */
    UNLESS_EVENTS, /* the error, or events that the library had to hand over */
    FORGIVEN,      /* what it returns without the fault, or 0 */
    EITHER         /* the error or success: the call is made twice with different weight */
};

struct rule {
    enum call call;
    int error;        /* 0: any */
    const char *step; /* a pattern of the step's text; NULL: any */
    enum outcome outcome;
    int becomes; /* the errno value of BECOMES and EXPLAINED */
    const char *why;
};

/* The first rule that fits, or that of PASSED_ON. */
const struct rule *documented(enum call call, int error, const char *step);

#endif
