/* SPDX-License-Identifier: MIT */
/*
 * <sys/event.h> of five systems, for the kqueue model.
 *
 * One of KQMODEL_FREEBSD, KQMODEL_NETBSD, KQMODEL_OPENBSD, KQMODEL_DRAGONFLY or KQMODEL_MACOS
 * chooses the system. Each section gives that system's layout of struct kevent, its types, its
 * numbers and only the names that it has, so that code which leans on another system's name does
 * not compile. As on the real systems, struct timespec is only announced here: who needs it
 * includes <time.h>.
 */
#ifndef KQMODEL_SYS_EVENT_H
#define KQMODEL_SYS_EVENT_H

/* clang-format off */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#if defined KQMODEL_FREEBSD + defined KQMODEL_NETBSD + defined KQMODEL_OPENBSD                     \
        + defined KQMODEL_DRAGONFLY + defined KQMODEL_MACOS != 1
#    error "define exactly one of KQMODEL_FREEBSD, _NETBSD, _OPENBSD, _DRAGONFLY, _MACOS"
#endif

struct timespec;

/* ------------------------------------------------------------------ FreeBSD 13 and 14 */
#if defined KQMODEL_FREEBSD

#define EVFILT_READ     (-1)
#define EVFILT_WRITE    (-2)
#define EVFILT_AIO      (-3)
#define EVFILT_VNODE    (-4)
#define EVFILT_PROC     (-5)
#define EVFILT_SIGNAL   (-6)
#define EVFILT_TIMER    (-7)
#define EVFILT_PROCDESC (-8)
#define EVFILT_FS       (-9)
#define EVFILT_LIO      (-10)
#define EVFILT_USER     (-11)
#define EVFILT_SENDFILE (-12)
#define EVFILT_EMPTY    (-13)
#define EVFILT_SYSCOUNT 13

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void *udata;
    uint64_t ext[4];
};

#define EV_SET(kevp_, a, b, c, d, e, f)                                                            \
    do {                                                                                           \
        struct kevent *ev_set_ = (kevp_);                                                          \
        ev_set_->ident = (a);                                                                      \
        ev_set_->filter = (b);                                                                     \
        ev_set_->flags = (c);                                                                      \
        ev_set_->fflags = (d);                                                                     \
        ev_set_->data = (e);                                                                       \
        ev_set_->udata = (f);                                                                      \
        ev_set_->ext[0] = 0;                                                                       \
        ev_set_->ext[1] = 0;                                                                       \
        ev_set_->ext[2] = 0;                                                                       \
        ev_set_->ext[3] = 0;                                                                       \
    } while (0)

#define EV_FORCEONESHOT 0x0100
#define EV_SYSFLAGS     0xF000
#define EV_DROP         0x1000
#define EV_FLAG1        0x2000
#define EV_FLAG2        0x4000

#define NOTE_FILE_POLL   0x0002
#define NOTE_OPEN        0x0080
#define NOTE_CLOSE       0x0100
#define NOTE_CLOSE_WRITE 0x0200
#define NOTE_READ        0x0400

#define NOTE_PCTRLMASK 0xf0000000
#define NOTE_TRACK     0x00000001
#define NOTE_TRACKERR  0x00000002
#define NOTE_CHILD     0x00000004

#define NOTE_SECONDS  0x00000001
#define NOTE_MSECONDS 0x00000002
#define NOTE_USECONDS 0x00000004
#define NOTE_NSECONDS 0x00000008
#define NOTE_ABSTIME  0x00000010

#define KQUEUE_CLOEXEC 0x00000001

/* ------------------------------------------------------------------ NetBSD 10 */
#elif defined KQMODEL_NETBSD

#define EVFILT_READ     0U
#define EVFILT_WRITE    1U
#define EVFILT_AIO      2U
#define EVFILT_VNODE    3U
#define EVFILT_PROC     4U
#define EVFILT_SIGNAL   5U
#define EVFILT_TIMER    6U
#define EVFILT_FS       7U
#define EVFILT_USER     8U
#define EVFILT_EMPTY    9U
#define EVFILT_SYSCOUNT 10U

struct kevent {
    uintptr_t ident;
    uint32_t filter;
    uint32_t flags;
    uint32_t fflags;
    int64_t data;
    void *udata;
};

static __inline void kqmodel_ev_set(struct kevent *event, uintptr_t ident, uint32_t filter,
                                    uint32_t flags, uint32_t fflags, int64_t data, void *udata)
{
    event->ident = ident;
    event->filter = filter;
    event->flags = flags;
    event->fflags = fflags;
    event->data = data;
    event->udata = udata;
}

#define EV_SET(kevp, ident, filter, flags, fflags, data, udata)                                    \
    kqmodel_ev_set((kevp), (uintptr_t)(ident), (filter), (flags), (fflags), (data), (void *)(udata))

#define EV_SYSFLAGS 0xF000U
#define EV_FLAG1    0x2000U

#define NOTE_OPEN        0x0080U
#define NOTE_CLOSE       0x0100U
#define NOTE_CLOSE_WRITE 0x0200U
#define NOTE_READ        0x0400U

#define NOTE_PCTRLMASK 0xf0000000U
#define NOTE_TRACK     0x00000001U
#define NOTE_TRACKERR  0x00000002U
#define NOTE_CHILD     0x00000004U

#define NOTE_MSECONDS 0x00000000U
#define NOTE_SECONDS  0x00000001U
#define NOTE_USECONDS 0x00000002U
#define NOTE_NSECONDS 0x00000003U
#define NOTE_ABSTIME  0x00000010U

/* ------------------------------------------------------------------ OpenBSD 7.8 */
#elif defined KQMODEL_OPENBSD

#define EVFILT_READ     (-1)
#define EVFILT_WRITE    (-2)
#define EVFILT_AIO      (-3)
#define EVFILT_VNODE    (-4)
#define EVFILT_PROC     (-5)
#define EVFILT_SIGNAL   (-6)
#define EVFILT_TIMER    (-7)
#define EVFILT_DEVICE   (-8)
#define EVFILT_EXCEPT   (-9)
#define EVFILT_USER     (-10)
#define EVFILT_SYSCOUNT 10

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    int64_t data;
    void *udata;
};

#define EV_SYSFLAGS 0xf800
#define EV_FLAG1    0x2000

#define NOTE_EOF      0x0002
#define NOTE_OOB      0x0004
#define NOTE_TRUNCATE 0x0080
#define NOTE_CHANGE   0x0001

#define NOTE_PCTRLMASK 0xf0000000
#define NOTE_TRACK     0x00000001
#define NOTE_TRACKERR  0x00000002
#define NOTE_CHILD     0x00000004

#define NOTE_MSECONDS 0x00000000
#define NOTE_SECONDS  0x00000001
#define NOTE_USECONDS 0x00000002
#define NOTE_NSECONDS 0x00000003
#define NOTE_ABSTIME  0x00000010

/* ------------------------------------------------------------------ DragonFly 6 */
#elif defined KQMODEL_DRAGONFLY

#define EVFILT_READ     (-1)
#define EVFILT_WRITE    (-2)
#define EVFILT_AIO      (-3)
#define EVFILT_VNODE    (-4)
#define EVFILT_PROC     (-5)
#define EVFILT_SIGNAL   (-6)
#define EVFILT_TIMER    (-7)
#define EVFILT_EXCEPT   (-8)
#define EVFILT_USER     (-9)
#define EVFILT_FS       (-10)
#define EVFILT_SYSCOUNT 10

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    intptr_t data;
    void *udata;
};

#define EV_HUP      0x0800
#define EV_NODATA   0x1000
#define EV_SYSFLAGS 0xF800
#define EV_FLAG1    0x2000

#define NOTE_OOB 0x0002

#define NOTE_PCTRLMASK 0xf0000000
#define NOTE_TRACK     0x00000001
#define NOTE_TRACKERR  0x00000002
#define NOTE_CHILD     0x00000004

/* ------------------------------------------------------------------ macOS 15 */
#else

#define EVFILT_READ     (-1)
#define EVFILT_WRITE    (-2)
#define EVFILT_AIO      (-3)
#define EVFILT_VNODE    (-4)
#define EVFILT_PROC     (-5)
#define EVFILT_SIGNAL   (-6)
#define EVFILT_TIMER    (-7)
#define EVFILT_MACHPORT (-8)
#define EVFILT_FS       (-9)
#define EVFILT_USER     (-10)
#define EVFILT_VM       (-12)
#define EVFILT_EXCEPT   (-15)
#define EVFILT_SYSCOUNT 18

#pragma pack(push, 4)
struct kevent {
    uintptr_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    intptr_t data;
    void *udata;
};
#pragma pack(pop)

#define EV_UDATA_SPECIFIC 0x0100
#define EV_DISPATCH2      (EV_DISPATCH | EV_UDATA_SPECIFIC)
#define EV_VANISHED       0x0200
#define EV_SYSFLAGS       0xF000
#define EV_FLAG0          0x1000
#define EV_FLAG1          0x2000
#define EV_POLL           EV_FLAG0
#define EV_OOBAND         EV_FLAG1

#define NOTE_OOB     0x00000002
#define NOTE_NONE    0x00000080
#define NOTE_FUNLOCK 0x00000100

#define NOTE_SIGNAL           0x08000000
#define NOTE_EXITSTATUS       0x04000000
#define NOTE_EXIT_DETAIL      0x02000000
#define NOTE_PCTRLMASK        (~NOTE_PDATAMASK)
#define NOTE_EXIT_DETAIL_MASK 0x00070000
#define NOTE_EXIT_DECRYPTFAIL 0x00010000
#define NOTE_EXIT_MEMORY      0x00020000
#define NOTE_EXIT_CSERROR     0x00040000

#define NOTE_VM_PRESSURE                  0x80000000
#define NOTE_VM_PRESSURE_TERMINATE        0x40000000
#define NOTE_VM_PRESSURE_SUDDEN_TERMINATE 0x20000000
#define NOTE_VM_ERROR                     0x10000000

#define NOTE_SECONDS              0x00000001
#define NOTE_USECONDS             0x00000002
#define NOTE_NSECONDS             0x00000004
#define NOTE_ABSOLUTE             0x00000008
#define NOTE_LEEWAY               0x00000010
#define NOTE_CRITICAL             0x00000020
#define NOTE_BACKGROUND           0x00000040
#define NOTE_MACH_CONTINUOUS_TIME 0x00000080
#define NOTE_MACHTIME             0x00000100

#endif

/* ------------------------------------------------------------------ the same everywhere */

#ifndef EV_SET
#define EV_SET(kevp_, a, b, c, d, e, f)                                                            \
    do {                                                                                           \
        struct kevent *ev_set_ = (kevp_);                                                          \
        ev_set_->ident = (a);                                                                      \
        ev_set_->filter = (b);                                                                     \
        ev_set_->flags = (c);                                                                      \
        ev_set_->fflags = (d);                                                                     \
        ev_set_->data = (e);                                                                       \
        ev_set_->udata = (f);                                                                      \
    } while (0)
#endif

#ifdef KQMODEL_NETBSD
#define KQMODEL_U(number) number##U
#else
#define KQMODEL_U(number) number
#endif

#define EV_ADD      KQMODEL_U(0x0001)
#define EV_DELETE   KQMODEL_U(0x0002)
#define EV_ENABLE   KQMODEL_U(0x0004)
#define EV_DISABLE  KQMODEL_U(0x0008)
#define EV_ONESHOT  KQMODEL_U(0x0010)
#define EV_CLEAR    KQMODEL_U(0x0020)
#define EV_RECEIPT  KQMODEL_U(0x0040)
#define EV_DISPATCH KQMODEL_U(0x0080)
#define EV_ERROR    KQMODEL_U(0x4000)
#define EV_EOF      KQMODEL_U(0x8000)

#define NOTE_LOWAT KQMODEL_U(0x0001)

#define NOTE_DELETE KQMODEL_U(0x0001)
#define NOTE_WRITE  KQMODEL_U(0x0002)
#define NOTE_EXTEND KQMODEL_U(0x0004)
#define NOTE_ATTRIB KQMODEL_U(0x0008)
#define NOTE_LINK   KQMODEL_U(0x0010)
#define NOTE_RENAME KQMODEL_U(0x0020)
#define NOTE_REVOKE KQMODEL_U(0x0040)

#define NOTE_EXIT      KQMODEL_U(0x80000000)
#define NOTE_FORK      KQMODEL_U(0x40000000)
#define NOTE_EXEC      KQMODEL_U(0x20000000)
#define NOTE_PDATAMASK KQMODEL_U(0x000fffff)

#define NOTE_FFNOP      KQMODEL_U(0x00000000)
#define NOTE_FFAND      KQMODEL_U(0x40000000)
#define NOTE_FFOR       KQMODEL_U(0x80000000)
#define NOTE_FFCOPY     KQMODEL_U(0xc0000000)
#define NOTE_FFCTRLMASK KQMODEL_U(0xc0000000)
#define NOTE_FFLAGSMASK KQMODEL_U(0x00ffffff)
#define NOTE_TRIGGER    KQMODEL_U(0x01000000)

#ifdef __cplusplus
extern "C" {
#endif

int kqueue(void);

#ifdef KQMODEL_NETBSD
int kevent(int kq, const struct kevent *changelist, size_t nchanges, struct kevent *eventlist,
           size_t nevents, const struct timespec *timeout);
#else
int kevent(int kq, const struct kevent *changelist, int nchanges, struct kevent *eventlist,
           int nevents, const struct timespec *timeout);
#endif

#if defined KQMODEL_NETBSD || defined KQMODEL_OPENBSD || defined KQMODEL_FREEBSD
int kqueue1(int flags);
#endif
#ifdef KQMODEL_FREEBSD
int kqueuex(unsigned int flags);
#endif

#ifdef __cplusplus
}
#endif

/* clang-format on */

#endif
