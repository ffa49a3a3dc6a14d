# SPDX-License-Identifier: MIT
# The plots of docs/performance.md. report.sh sets `data`, a folder of tables, and `results`.
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
array colour[9] = ["#555555", "#d1495b", "#edae49", "#66a182", "#2e4057", "#00798c", "#9a7aa0", \
    "#bbbbbb", "#888888"]
array colour_echo[9] = ["#555555", "#999999", "#d1495b", "#edae49", "#66a182", "#2e4057", \
    "#00798c", "#9a7aa0", "#bbbbbb"]

set ylabel "CPU time, bare epoll loop = 1"
set yrange [0:*]

set output results."/dispatch.svg"
set title "Dispatch: 1,000 descriptors, of which some are ready"
set xlabel "ready at a time"
plot for [i=2:8] data."/dispatch.tsv" using i:xtic(1) title columnheader(i) lc rgb colour[i-1]

set output results."/dispatch_threads.svg"
set title "Dispatch in a program with a second thread"
plot for [i=2:8] data."/dispatch_threads.tsv" using i:xtic(1) title columnheader(i) \
    lc rgb colour[i-1]

set output results."/churn.svg"
set title "Registering, changing, deregistering; a look after each"
set xlabel "descriptors at a time"
plot for [i=2:8] data."/churn.tsv" using i:xtic(1) title columnheader(i) lc rgb colour[i-1]

set output results."/echo.svg"
set title "Echo over TCP: the server's CPU time a request"
set xlabel "connections"
plot for [i=2:9] data."/echo.tsv" using i:xtic(1) title columnheader(i) lc rgb colour_echo[i-1]

set output results."/wake.svg"
set title "Waking"
set xlabel ""
set ylabel "ns a wake"
set logscale y
set yrange [1:*]
plot for [i=2:8] "< tail -qn1 ".data."/wake_busy.tsv ".data."/wake_wait.tsv " \
    .data."/wake_storm.tsv" \
    using i:xtic(word("'the poll is awake' 'wake and wait' 'storm of 4 threads'", int($0) + 1)) \
    title word("epoll libmio mio libev libevent libuv ivykis", i - 1) lc rgb colour[i-1]

set output results."/idle.svg"
set title "One descriptor of many is ready"
set xlabel "descriptors watched"
set ylabel "ns an event"
set logscale x
set yrange [500:*]
set style data linespoints
plot for [i=2:9] data."/idle.tsv" using 1:i title columnheader(i) \
    lc rgb colour[i-1] lw 2 pt 7 ps 0.5

set output results."/memory.svg"
unset logscale
set title "Heap of a watched descriptor, of 10,000"
set xlabel ""
set ylabel "bytes"
set yrange [0:*]
set style data histogram
plot for [i=2:8] "< tail -qn1 ".data."/memory.tsv" using i:xtic("") \
    title word("epoll libmio mio libev libevent libuv ivykis", i - 1) lc rgb colour[i-1]
