/* SPDX-License-Identifier: MIT */
/* Made of kqueue_names.txt by scripts/kqueue-names.sh: change it there. */
#ifndef MIO_SRC_RECORD_KQUEUE_NAMES_H
#define MIO_SRC_RECORD_KQUEUE_NAMES_H

#include "text.h"

#include <mio/platform.h>

#include <sys/types.h>

#include <sys/event.h>

#include <stddef.h>

/* clang-format off */

static const struct mio__name filter_names[] = {
#if defined(EVFILT_READ)
    {"EVFILT_READ", (uint32_t)(EVFILT_READ)},
#endif
#if defined(EVFILT_WRITE)
    {"EVFILT_WRITE", (uint32_t)(EVFILT_WRITE)},
#endif
#if defined(EVFILT_AIO)
    {"EVFILT_AIO", (uint32_t)(EVFILT_AIO)},
#endif
#if defined(EVFILT_VNODE)
    {"EVFILT_VNODE", (uint32_t)(EVFILT_VNODE)},
#endif
#if defined(EVFILT_PROC)
    {"EVFILT_PROC", (uint32_t)(EVFILT_PROC)},
#endif
#if defined(EVFILT_SIGNAL)
    {"EVFILT_SIGNAL", (uint32_t)(EVFILT_SIGNAL)},
#endif
#if defined(EVFILT_TIMER)
    {"EVFILT_TIMER", (uint32_t)(EVFILT_TIMER)},
#endif
#if defined(EVFILT_PROCDESC)
    {"EVFILT_PROCDESC", (uint32_t)(EVFILT_PROCDESC)},
#endif
#if defined(EVFILT_FS)
    {"EVFILT_FS", (uint32_t)(EVFILT_FS)},
#endif
#if defined(EVFILT_LIO)
    {"EVFILT_LIO", (uint32_t)(EVFILT_LIO)},
#endif
#if defined(EVFILT_USER)
    {"EVFILT_USER", (uint32_t)(EVFILT_USER)},
#endif
#if defined(EVFILT_SENDFILE)
    {"EVFILT_SENDFILE", (uint32_t)(EVFILT_SENDFILE)},
#endif
#if defined(EVFILT_EMPTY)
    {"EVFILT_EMPTY", (uint32_t)(EVFILT_EMPTY)},
#endif
#if defined(EVFILT_EXCEPT)
    {"EVFILT_EXCEPT", (uint32_t)(EVFILT_EXCEPT)},
#endif
#if defined(EVFILT_MACHPORT)
    {"EVFILT_MACHPORT", (uint32_t)(EVFILT_MACHPORT)},
#endif
#if defined(EVFILT_VM)
    {"EVFILT_VM", (uint32_t)(EVFILT_VM)},
#endif
#if defined(EVFILT_DEVICE)
    {"EVFILT_DEVICE", (uint32_t)(EVFILT_DEVICE)},
#endif
#if defined(EVFILT_JAIL)
    {"EVFILT_JAIL", (uint32_t)(EVFILT_JAIL)},
#endif
#if defined(EVFILT_JAILDESC)
    {"EVFILT_JAILDESC", (uint32_t)(EVFILT_JAILDESC)},
#endif
#if defined(EVFILT_NETDEV)
    {"EVFILT_NETDEV", (uint32_t)(EVFILT_NETDEV)},
#endif
};

static const struct mio__name flag_names[] = {
#if defined(EV_ADD)
    {"EV_ADD", (uint32_t)(EV_ADD)},
#endif
#if defined(EV_DELETE)
    {"EV_DELETE", (uint32_t)(EV_DELETE)},
#endif
#if defined(EV_ENABLE)
    {"EV_ENABLE", (uint32_t)(EV_ENABLE)},
#endif
#if defined(EV_DISABLE)
    {"EV_DISABLE", (uint32_t)(EV_DISABLE)},
#endif
#if defined(EV_ONESHOT)
    {"EV_ONESHOT", (uint32_t)(EV_ONESHOT)},
#endif
#if defined(EV_CLEAR)
    {"EV_CLEAR", (uint32_t)(EV_CLEAR)},
#endif
#if defined(EV_RECEIPT)
    {"EV_RECEIPT", (uint32_t)(EV_RECEIPT)},
#endif
#if defined(EV_DISPATCH)
    {"EV_DISPATCH", (uint32_t)(EV_DISPATCH)},
#endif
#if defined(EV_UDATA_SPECIFIC)
    {"EV_UDATA_SPECIFIC", (uint32_t)(EV_UDATA_SPECIFIC)},
#endif
#if defined(EV_FORCEONESHOT)
    {"EV_FORCEONESHOT", (uint32_t)(EV_FORCEONESHOT)},
#endif
#if defined(EV_KEEPUDATA)
    {"EV_KEEPUDATA", (uint32_t)(EV_KEEPUDATA)},
#endif
#if defined(EV_VANISHED)
    {"EV_VANISHED", (uint32_t)(EV_VANISHED)},
#endif
#if defined(EV_DROP)
    {"EV_DROP", (uint32_t)(EV_DROP)},
#endif
#if defined(EV_ERROR)
    {"EV_ERROR", (uint32_t)(EV_ERROR)},
#endif
#if defined(EV_EOF)
    {"EV_EOF", (uint32_t)(EV_EOF)},
#endif
#if defined(EV_NODATA)
    {"EV_NODATA", (uint32_t)(EV_NODATA)},
#endif
#if defined(EV_HUP)
    {"EV_HUP", (uint32_t)(EV_HUP)},
#endif
#if defined(EV_OOBAND)
    {"EV_OOBAND", (uint32_t)(EV_OOBAND)},
#endif
#if defined(EV_POLL)
    {"EV_POLL", (uint32_t)(EV_POLL)},
#endif
#if defined(EV_FLAG1)
    {"EV_FLAG1", (uint32_t)(EV_FLAG1)},
#endif
#if defined(EV_FLAG0)
    {"EV_FLAG0", (uint32_t)(EV_FLAG0)},
#endif
};

#if defined(EVFILT_READ) || defined(EVFILT_WRITE) || defined(EVFILT_EXCEPT)
static const struct mio__name read_notes[] = {
#if defined(NOTE_LOWAT)
    {"NOTE_LOWAT", (uint32_t)(NOTE_LOWAT)},
#endif
#if defined(NOTE_OOB)
    {"NOTE_OOB", (uint32_t)(NOTE_OOB)},
#endif
    {NULL, 0},
};
#endif

#if defined(EVFILT_USER)
static const struct mio__name user_notes[] = {
#if defined(NOTE_TRIGGER)
    {"NOTE_TRIGGER", (uint32_t)(NOTE_TRIGGER)},
#endif
#if defined(NOTE_FFCOPY)
    {"NOTE_FFCOPY", (uint32_t)(NOTE_FFCOPY)},
#endif
#if defined(NOTE_FFAND)
    {"NOTE_FFAND", (uint32_t)(NOTE_FFAND)},
#endif
#if defined(NOTE_FFOR)
    {"NOTE_FFOR", (uint32_t)(NOTE_FFOR)},
#endif
#if defined(NOTE_FFCTRLMASK)
    {"NOTE_FFCTRLMASK", (uint32_t)(NOTE_FFCTRLMASK)},
#endif
#if defined(NOTE_FFLAGSMASK)
    {"NOTE_FFLAGSMASK", (uint32_t)(NOTE_FFLAGSMASK)},
#endif
    {NULL, 0},
};
#endif

#if defined(EVFILT_VNODE)
static const struct mio__name vnode_notes[] = {
#if defined(NOTE_DELETE)
    {"NOTE_DELETE", (uint32_t)(NOTE_DELETE)},
#endif
#if defined(NOTE_WRITE)
    {"NOTE_WRITE", (uint32_t)(NOTE_WRITE)},
#endif
#if defined(NOTE_EXTEND)
    {"NOTE_EXTEND", (uint32_t)(NOTE_EXTEND)},
#endif
#if defined(NOTE_ATTRIB)
    {"NOTE_ATTRIB", (uint32_t)(NOTE_ATTRIB)},
#endif
#if defined(NOTE_LINK)
    {"NOTE_LINK", (uint32_t)(NOTE_LINK)},
#endif
#if defined(NOTE_RENAME)
    {"NOTE_RENAME", (uint32_t)(NOTE_RENAME)},
#endif
#if defined(NOTE_REVOKE)
    {"NOTE_REVOKE", (uint32_t)(NOTE_REVOKE)},
#endif
#if defined(NOTE_NONE)
    {"NOTE_NONE", (uint32_t)(NOTE_NONE)},
#endif
#if defined(NOTE_FUNLOCK)
    {"NOTE_FUNLOCK", (uint32_t)(NOTE_FUNLOCK)},
#endif
#if defined(NOTE_TRUNCATE)
    {"NOTE_TRUNCATE", (uint32_t)(NOTE_TRUNCATE)},
#endif
#if defined(NOTE_OPEN)
    {"NOTE_OPEN", (uint32_t)(NOTE_OPEN)},
#endif
#if defined(NOTE_CLOSE)
    {"NOTE_CLOSE", (uint32_t)(NOTE_CLOSE)},
#endif
#if defined(NOTE_CLOSE_WRITE)
    {"NOTE_CLOSE_WRITE", (uint32_t)(NOTE_CLOSE_WRITE)},
#endif
#if defined(NOTE_READ)
    {"NOTE_READ", (uint32_t)(NOTE_READ)},
#endif
    {NULL, 0},
};
#endif

#if defined(EVFILT_PROC) || defined(EVFILT_PROCDESC)
static const struct mio__name proc_notes[] = {
#if defined(NOTE_EXIT)
    {"NOTE_EXIT", (uint32_t)(NOTE_EXIT)},
#endif
#if defined(NOTE_FORK)
    {"NOTE_FORK", (uint32_t)(NOTE_FORK)},
#endif
#if defined(NOTE_EXEC)
    {"NOTE_EXEC", (uint32_t)(NOTE_EXEC)},
#endif
#if defined(NOTE_SIGNAL)
    {"NOTE_SIGNAL", (uint32_t)(NOTE_SIGNAL)},
#endif
#if defined(NOTE_REAP) && MIO_PLATFORM != MIO_PLATFORM_APPLE
    {"NOTE_REAP", (uint32_t)(NOTE_REAP)},
#endif
#if defined(NOTE_EXITSTATUS)
    {"NOTE_EXITSTATUS", (uint32_t)(NOTE_EXITSTATUS)},
#endif
#if defined(NOTE_EXIT_DETAIL)
    {"NOTE_EXIT_DETAIL", (uint32_t)(NOTE_EXIT_DETAIL)},
#endif
#if defined(NOTE_TRACK)
    {"NOTE_TRACK", (uint32_t)(NOTE_TRACK)},
#endif
#if defined(NOTE_TRACKERR)
    {"NOTE_TRACKERR", (uint32_t)(NOTE_TRACKERR)},
#endif
#if defined(NOTE_CHILD)
    {"NOTE_CHILD", (uint32_t)(NOTE_CHILD)},
#endif
#if defined(NOTE_EXIT_DECRYPTFAIL)
    {"NOTE_EXIT_DECRYPTFAIL", (uint32_t)(NOTE_EXIT_DECRYPTFAIL)},
#endif
#if defined(NOTE_EXIT_MEMORY)
    {"NOTE_EXIT_MEMORY", (uint32_t)(NOTE_EXIT_MEMORY)},
#endif
#if defined(NOTE_EXIT_CSERROR)
    {"NOTE_EXIT_CSERROR", (uint32_t)(NOTE_EXIT_CSERROR)},
#endif
#if defined(NOTE_EXIT_DETAIL_MASK)
    {"NOTE_EXIT_DETAIL_MASK", (uint32_t)(NOTE_EXIT_DETAIL_MASK)},
#endif
#if defined(NOTE_PDATAMASK)
    {"NOTE_PDATAMASK", (uint32_t)(NOTE_PDATAMASK)},
#endif
#if defined(NOTE_PCTRLMASK)
    {"NOTE_PCTRLMASK", (uint32_t)(NOTE_PCTRLMASK)},
#endif
    {NULL, 0},
};
#endif

#if defined(EVFILT_TIMER)
static const struct mio__name timer_notes[] = {
#if defined(NOTE_NSECONDS)
    {"NOTE_NSECONDS", (uint32_t)(NOTE_NSECONDS)},
#endif
#if defined(NOTE_USECONDS)
    {"NOTE_USECONDS", (uint32_t)(NOTE_USECONDS)},
#endif
#if defined(NOTE_SECONDS)
    {"NOTE_SECONDS", (uint32_t)(NOTE_SECONDS)},
#endif
#if defined(NOTE_MSECONDS)
    {"NOTE_MSECONDS", (uint32_t)(NOTE_MSECONDS)},
#endif
#if defined(NOTE_ABSTIME)
    {"NOTE_ABSTIME", (uint32_t)(NOTE_ABSTIME)},
#endif
#if defined(NOTE_ABSOLUTE)
    {"NOTE_ABSOLUTE", (uint32_t)(NOTE_ABSOLUTE)},
#endif
#if defined(NOTE_LEEWAY)
    {"NOTE_LEEWAY", (uint32_t)(NOTE_LEEWAY)},
#endif
#if defined(NOTE_CRITICAL)
    {"NOTE_CRITICAL", (uint32_t)(NOTE_CRITICAL)},
#endif
#if defined(NOTE_BACKGROUND)
    {"NOTE_BACKGROUND", (uint32_t)(NOTE_BACKGROUND)},
#endif
#if defined(NOTE_MACHTIME)
    {"NOTE_MACHTIME", (uint32_t)(NOTE_MACHTIME)},
#endif
#if defined(NOTE_MACH_CONTINUOUS_TIME)
    {"NOTE_MACH_CONTINUOUS_TIME", (uint32_t)(NOTE_MACH_CONTINUOUS_TIME)},
#endif
    {NULL, 0},
};
#endif

#if defined(EVFILT_VM)
static const struct mio__name vm_notes[] = {
#if defined(NOTE_VM_PRESSURE)
    {"NOTE_VM_PRESSURE", (uint32_t)(NOTE_VM_PRESSURE)},
#endif
#if defined(NOTE_VM_PRESSURE_TERMINATE)
    {"NOTE_VM_PRESSURE_TERMINATE", (uint32_t)(NOTE_VM_PRESSURE_TERMINATE)},
#endif
#if defined(NOTE_VM_PRESSURE_SUDDEN_TERMINATE)
    {"NOTE_VM_PRESSURE_SUDDEN_TERMINATE", (uint32_t)(NOTE_VM_PRESSURE_SUDDEN_TERMINATE)},
#endif
#if defined(NOTE_VM_ERROR)
    {"NOTE_VM_ERROR", (uint32_t)(NOTE_VM_ERROR)},
#endif
    {NULL, 0},
};
#endif

/* The notes of a filter, up to a name that is NULL. */
static const struct filter_notes {
    int filter;
    const struct mio__name *notes;
} notes_of_filters[] = {
#if defined(EVFILT_READ)
    {EVFILT_READ, read_notes},
#endif
#if defined(EVFILT_WRITE)
    {EVFILT_WRITE, read_notes},
#endif
#if defined(EVFILT_EXCEPT)
    {EVFILT_EXCEPT, read_notes},
#endif
#if defined(EVFILT_USER)
    {EVFILT_USER, user_notes},
#endif
#if defined(EVFILT_VNODE)
    {EVFILT_VNODE, vnode_notes},
#endif
#if defined(EVFILT_PROC)
    {EVFILT_PROC, proc_notes},
#endif
#if defined(EVFILT_PROCDESC)
    {EVFILT_PROCDESC, proc_notes},
#endif
#if defined(EVFILT_TIMER)
    {EVFILT_TIMER, timer_notes},
#endif
#if defined(EVFILT_VM)
    {EVFILT_VM, vm_notes},
#endif
};

/* clang-format on */

#endif
