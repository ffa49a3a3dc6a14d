#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# http_server under wrk: not one error. WRK_SECONDS is how long (2).
source "$(dirname "$0")/lib.bash"
need wrk

mkdir "$dir/www"
head -c 1024 /dev/urandom >"$dir/www/small"
head -c 1000000 /dev/urandom >"$dir/www/large"

load() {
    timeout 60 wrk -t2 -c64 -d"${WRK_SECONDS:-2}s" "http://$address/$1" >"$dir/wrk" || fail "wrk"
    grep -E '^(Requests|Transfer)/sec' "$dir/wrk"
    ! grep -E 'Socket errors|Non-2xx' "$dir/wrk" || fail "errors"
}

run() {
    start http_server "$dir/www" 127.0.0.1:0
    load small
    load large
    check_idle
    stop
}

for_each_backend run
