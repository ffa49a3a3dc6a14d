#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Does the fuzzer find what is broken? Breaks a copy of the library in one place at a time and lets
# the fuzzer look for it, a minute at most; then lets it look at the unbroken library for as long as
# the slowest of them took, ten seconds at least. Fails when a change cannot be made, when one is
# not found, or when something is found in the unbroken library.
#
#   bash fuzz/mutations.sh [SECONDS] [NAME...]
#   bash fuzz/mutations.sh --check      whether each text that is replaced is there, once
#
# CC is the compiler; SEED the first seed (1).
set -euo pipefail

cd "$(dirname "$0")/.."
check=
if [ "${1:-}" = --check ]; then
    check=yes
    shift
fi
limit=${1:-60}
shift $(($# > 0 ? 1 : 0))
only=" $* "
seed=${SEED:-1}
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tests"
cp -r src include fuzz "$work"
cp -r tests/kqueue tests/*.h "$work/tests"
cd "$work"
cp -r src src.whole

# name @ selector @ file under src @ what is replaced @ by what @ what that breaks
mutations=(
    "receipts@kqueue-freebsd@selector/kqueue/kqueue_submit.c@errors[i] = (int)results[i].data;@errors[i] = 0;@the errors of receipts are ignored"
    "second-look@epoll@wake/wake_queue.h@    if (!atomic_load(&queue->incoming))@    if (queue->waits != 0)@no second look before sleeping"
    "no-bell@epoll@wake/wake_queue.c@if (!has_to_ring || atomic_load(&queue->waiter) != MIO_WAITER_ASLEEP)@if (!has_to_ring || atomic_load(&queue->waiter) != 77)@a sleeper is not rung"
    "bell-shown@epoll@selector/wait_once.c@count = drop_doorbell(selector, list, count);@;@the doorbell's record reaches the caller"
    "oneshot@epoll@selector/epoll/epoll.c@events |= EPOLLONESHOT;@;@EPOLLONESHOT is dropped"
    "level@epoll@selector/epoll/epoll.c@if ((interest & MIO_LEVEL) == 0)@if (true)@level is edge"
    "dispatch@kqueue-freebsd@selector/kqueue/kqueue_filters.c@return EV_DISPATCH;@return 0;@a one-shot arms itself again"
    "joint-oneshot@kqueue-macos@selector/kqueue/kqueue_oneshots.c@if (!oneshot || oneshot->token != token || oneshot->spent)@if (true)@the other filter of a one-shot stays armed"
    "one-filter@kqueue-freebsd@selector/kqueue/kqueue_plan.c@for (size_t i = 0; i < mio__kq_filter_count; i++)@for (size_t i = operation->kind == MIO_DEREGISTER; i < mio__kq_filter_count; i++)@deregistering leaves one filter"
    "undo@kqueue-freebsd@selector/kqueue/kqueue_undo.c@if (outcome.added && (!was_there || outcome.deleted))@if (outcome.deleted)@half a registration is not undone"
    "injected@kqueue-freebsd@selector/kqueue/kqueue_finish.c@    if (answers.write_closed) {@    if (answers.write_closed && self->kq < 0) {@the event of a pipe without reader is dropped"
    "token@epoll@selector/epoll/epoll.c@int error = set_entry(self, EPOLL_CTL_MOD, wanted);@struct mio__registration old = *wanted; old.token = previous ? previous->token : old.token; int error = set_entry(self, EPOLL_CTL_MOD, &old);@reregistering a source keeps the old token"
    "mode@kqueue-macos@selector/kqueue/kqueue_plan.c@((previous->interest ^ operation->interest) & MIO_ALL_MODES) == 0@true@reregistering a source keeps the old mode"
    "rearm@poll@selector/poll2/poll2_report.c@entry->armed = (short)(entry->armed | mio__poll2_events_of(interest & entry->interest));@(void)0;@rearming does nothing"
    "turns@poll@selector/poll2/poll2_wait.c@size_t i = self->next;@size_t i = 1;@little room is always for the first"
    "disarm@poll@selector/poll2/poll2_report.c@entry->armed = (short)(entry->armed & ~(found->reading & MIO_POLL_READING));@;@what was reported is reported again"
    "source-late@epoll@poll/source.c@error = mio__register_fd(selector, &wanted);@source->token = ~token; error = mio__register_fd(selector, &wanted); source->token = token;@a source is written to after the kernel knows"
    "refused@kqueue-freebsd@selector/kqueue/kqueue.c@    if ((looks & KQUEUE_DOUBTS) != 0)@    if (looks == 99)@a waiter gets the token of a refused change"
    "full-pipe@kqueue-openbsd@selector/kqueue/kqueue_guard.c@    if (!GUARDS_WRITERS)@    if (true)@the writer of a full pipe is not told that its reader has gone"
    "muted@poll@selector/poll2/poll2_look.c@if (set->looked_at == 0)@if (true)@nothing is heard after an error or a hang-up"
    "muted-pipe@poll-macos@selector/poll2/poll2_set.c@(stands || (asked == 0 && !MIO_POLL_WAKES_UNASKED))@stands@what poll(2) is not asked for is never looked at"
    "one-answer@poll-macos@selector/poll2/poll2_call.c@asked[1] = (struct pollfd){.fd = writing != 0 ? fd : -1, .events = writing};@@a question for reading is the answer for writing"
    "disarm-other@poll-freebsd@selector/poll2/poll2_report.c@if (!MIO_RECORDS_BY_DIRECTION || (told & MIO_READABLE) != 0) {@if (true) {@a direction that found no room is never told"
    "mistaken@poll-dragonfly@selector/poll2/poll2_wait.c@bool is_open = MIO_POLL_MISTAKES_OPEN && mio__fd_is_open(asked->fd);@bool is_open = false;@a pipe without reader is taken for closed"
    "rearm-bsd@poll-freebsd@selector/poll2/poll2_report.c@entry->armed = (short)(entry->armed | mio__poll2_events_of(interest & entry->interest));@(void)0;@rearming does nothing"
    "wholly@poll-openbsd@selector/poll2/poll2_set.c@        mio__poll2_set_replace(set, place, token, interest);@        set->entries[place].token = token;@a second registration keeps the first one's interest"
    "same-file@poll@selector/poll2/poll2_file.c@file->is_unique = kind == PIPES || kind == SOCKETS;@file->is_unique = true;@a number used again is taken for the old file"
    "early@epoll@timer/timers.c@while (count < room && wheel->near && wheel->near->expiry <= now) {@while (count < room && wheel->near) {@a timer comes before its time"
    "drift@kqueue-netbsd@timer/timers.c@INT64_MAX : timer->deadline + times * timer->period;@INT64_MAX : now + timer->period;@a period begins when its event was handed out"
    "untold@epoll@timer/timers.c@expiry >= home->relied_on)@expiry < INT64_MAX)@a sleeper is not told of an earlier timer"
    "timers-first@poll@timer/timers.c@timers->kernel_first = !timers->kernel_first;@timers->kernel_first = false;@little room is always for timers"
    "slack@poll-freebsd@timer/wheel.c@return (int64_t)(last & ~((UINT64_C(1) << highest_bit(differs)) - 1));@return (int64_t)last;@timers with slack do not share a moment"
    "first-timer@poll@timer/timers.c@atomic_compare_exchange_strong(&selector->timers, &none, &no_timers.node))@(none = atomic_load(&selector->timers)) == NULL)@a poll that was freed takes its first timer"
    "bound@kqueue-freebsd@source/post.c@while (slots < capacity)@while (slots <= capacity)@a queue takes more posts than it was asked for"
    "last-post@epoll@source/post.c@return mio__wake_queue_push(&queue->selector->wakes, &queue->node);@return position == 0 ? mio__wake_queue_push(&queue->selector->wakes, &queue->node) : 0;@a post after the first has no event"
)

fuzz_sources=(program channel helper oracle oracle_timers oracle_wait traits machine machine_again machine_asleep
    machine_call machine_ends machine_misuse machine_register machine_timers machine_wait shrink stepper driver)
flags=(-std=c11 -O1 -g -pthread)

# Whether each mutation can be made, without making it.
check_mutations() {
    local row name selector file from rest times wrong=0
    for row in "${mutations[@]}"; do
        IFS='@' read -r name selector file from rest <<<"$row"
        times=$(FROM=$from perl -0ne 'my $n = () = /\Q$ENV{FROM}\E/g; print $n' "src/$file")
        if [ "$times" != 1 ]; then
            echo "$name ($selector): src/$file has $times times \"$from\"" >&2
            wrong=1
        fi
    done
    return "$wrong"
}
if [ -n "$check" ]; then
    if ! command -v perl >/dev/null; then
        echo "skip: needs perl"
        exit 77
    fi
    check_mutations
    exit
fi

flags_of() { # selector: what its sources are compiled with
    case $1 in
    epoll | poll) echo "-Iinclude -DFUZZ_BACKEND=\"$1\"" ;;
    *)
        local backend=${1%-*} flavour=${1#*-} platform
        platform=${flavour^^}
        [ "$platform" = MACOS ] && platform=APPLE
        [ "$backend" = kqueue ] && echo "-DFUZZ_KQMODEL"
        echo "-DMIO_PLATFORM=MIO_PLATFORM_$platform -DKQMODEL_${flavour^^}" \
            "-DFUZZ_BACKEND=\"$backend\" -Itests/kqueue/include -Itests/kqueue -Itests -Iinclude"
        ;;
    esac
}

links_of() {
    case $1 in
    kqueue-*) sed -n 's/^[a-z]/-Wl,--wrap=&/p' tests/kqueue/wraps.txt ;;
    poll-*) echo "-Wl,--wrap=poll -Wl,--wrap=ppoll" ;;
    esac
}

compile() { # selector, folder of objects, sources...
    local selector=$1 objects=$2 source
    shift 2
    mkdir -p "$objects"
    for source; do
        # shellcheck disable=SC2046
        $cc "${flags[@]}" $(flags_of "$selector") -c "$source" -o "$objects/${source//\//_}.o"
    done
}

build() { # selector, folder of objects -> program beside it
    # shellcheck disable=SC2046
    $cc "${flags[@]}" "$2"/*.o $(links_of "$1") -o "$2.fuzz"
}

whole() { # selector: everything, unbroken, once
    [ -x "whole-$1.fuzz" ] && return
    local model=()
    case $1 in
    kqueue-*) model=(tests/kqueue/kqmodel*.c) ;;
    poll-*) model=(tests/kqueue/pollmodel*.c) ;;
    esac
    compile "$1" "whole-$1" "${fuzz_sources[@]/#/fuzz/}" src/*/*.c src/*/*/*.c \
        "${model[@]}"
    build "$1" "whole-$1"
}
fuzz_sources=("${fuzz_sources[@]/%/.c}")

longest=10
failed=0
selectors=()
printf '%-14s %-15s %8s %10s  %s\n' mutation selector seconds operations "what is broken: found by"
for row in "${mutations[@]}"; do
    IFS='@' read -r name selector file from to what <<<"$row"
    [ "$only" != "  " ] && [[ $only != *" $name "* ]] && continue
    whole "$selector"
    [[ " ${selectors[*]} " == *" $selector "* ]] || selectors+=("$selector")
    cp "src.whole/$file" "src/$file"
    FROM=$from TO=$to perl -0pi -e 's/\Q$ENV{FROM}\E/$ENV{TO}/' "src/$file"
    if cmp -s "src.whole/$file" "src/$file"; then
        echo "$name: src/$file has no \"$from\"" >&2
        exit 1
    fi
    rm -rf broken broken.fuzz
    cp -r "whole-$selector" broken
    case $file in
    *.h) compile "$selector" broken src/*/*.c src/*/*/*.c ;;
    *) compile "$selector" broken "src/$file" ;;
    esac
    build "$selector" broken
    cp "src.whole/$file" "src/$file"
    output=$(timeout $((limit + 120)) ./broken.fuzz --seed "$seed" --seconds "$limit") || true
    read -r seconds operations < <(sed -n \
        's/^found: \([0-9]*\) operations, .* programs, \([0-9.]*\) s.*/\2 \1/p' <<<"$output") || true
    rule=$(sed -n 's/^BROKEN \([A-Z0-9_]*\).*/\1/p' <<<"$output" | head -1)
    if [ -z "$rule" ]; then
        printf '%-14s %-15s %8s %10s  %s: NOT FOUND\n' "$name" "$selector" - - "$what"
        failed=1
        continue
    fi
    printf '%-14s %-15s %8s %10s  %s: %s\n' "$name" "$selector" "$seconds" "$operations" \
        "$what" "$rule"
    longest=$(awk -v a="$longest" -v b="$seconds" 'BEGIN { print (a > b ? a : b) }')
done

for selector in "${selectors[@]}"; do
    if output=$(./"whole-$selector.fuzz" --seed "$seed" --seconds "$longest"); then
        operations=$(sed -n 's/^kept: \([0-9]*\) operations.*/\1/p' <<<"$output")
        printf '%-14s %-15s %8s %10s  nothing\n' unbroken "$selector" "$longest" "$operations"
    else
        printf '%-14s %-15s: FOUND SOMETHING\n%s\n' unbroken "$selector" "$output"
        failed=1
    fi
done
exit $failed
