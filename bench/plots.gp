# SPDX-License-Identifier: MIT
# One plot of docs/performance.md. report.sh sets its `name`, the `peers` in the order of the
# columns, `data`, a folder of tables, and `results`.
set terminal svg noenhanced size 820,420 font "sans-serif,13" background rgb "white"
set style data histogram
set style histogram clustered gap 1.5
set style fill solid 0.9 noborder
set boxwidth 0.95
set grid ytics lc rgb "#dddddd"
set border 3
set xtics nomirror
set ytics nomirror
set key outside right top reverse Left
set datafile separator "\t"
set datafile missing "nan"

# Each peer has one colour in all plots.
colours = " epoll #555555 epoll_recv #999999 libmio #d1495b mio #edae49 libev #66a182" \
    ." libevent #2e4057 libuv #00798c ivykis #9a7aa0 libmio_poll #bbbbbb"
behind(peer) = strstrt(colours, " ".peer." #") + strlen(peer) + 2
colour(peer) = substr(colours, behind(peer), behind(peer) + 6)

set output results."/".name.".svg"
set ylabel "CPU time, bare epoll loop = 1"
set yrange [0:*]
n = words(peers)

if (name eq "dispatch") {
    set title "Dispatch: 1,000 descriptors, of which some are ready"
    set xlabel "ready at a time"
    plot for [i=1:n] data."/dispatch.tsv" using i+1:xtic(1) title word(peers, i) \
        lc rgb colour(word(peers, i))
}

if (name eq "dispatch_threads") {
    set title "Dispatch in a program with a second thread"
    set xlabel "ready at a time"
    plot for [i=1:n] data."/dispatch_threads.tsv" using i+1:xtic(1) title word(peers, i) \
        lc rgb colour(word(peers, i))
}

if (name eq "churn") {
    set title "Registering, changing, deregistering; a look after each"
    set xlabel "descriptors at a time"
    plot for [i=1:n] data."/churn_looked.tsv" using i+1:xtic(1) title word(peers, i) \
        lc rgb colour(word(peers, i))
}

if (name eq "echo") {
    set title "Echo over TCP: the server's CPU time a request"
    set xlabel "connections"
    plot for [i=1:n] data."/echo.tsv" using i+1:xtic(1) title word(peers, i) \
        lc rgb colour(word(peers, i))
}

if (name eq "wake") {
    set title "Waking"
    set ylabel "ns a wake"
    set logscale y
    set yrange [1:*]
    tables = "wake_busy.tsv ".data."/wake_wait.tsv ".data."/wake_storm.tsv"
    titles = "'the poll is awake' 'wake and wait' 'storm of 4 threads'"
    plot for [i=1:n] "< tail -qn1 ".data."/".tables using i+1:xtic(word(titles, int($0) + 1)) \
        title word(peers, i) lc rgb colour(word(peers, i))
}

if (name eq "idle") {
    set title "One descriptor of many is ready"
    set xlabel "descriptors watched"
    set ylabel "ns an event"
    set logscale x
    set yrange [500:*]
    set style data linespoints
    plot for [i=1:n] data."/idle.tsv" using 1:i+1 title word(peers, i) \
        lc rgb colour(word(peers, i)) lw 2 pt 7 ps 0.5
}

if (name eq "memory") {
    set title "Heap of a watched descriptor, of 10,000"
    set ylabel "bytes"
    plot for [i=1:n] "< tail -qn1 ".data."/memory_descriptor.tsv" using i+1:xtic("") \
        title word(peers, i) lc rgb colour(word(peers, i))
}

if (name eq "timers") {
    set title "A timeout is cancelled and set again (epoll: a timerfd each)"
    set xlabel "timers pending"
    set ylabel "ns"
    set logscale xy
    set yrange [1:*]
    set style data linespoints
    plot for [i=1:n] data."/timers_moved.tsv" using 1:i+1 title word(peers, i) \
        lc rgb colour(word(peers, i)) lw 2 pt 7 ps 0.5
}
