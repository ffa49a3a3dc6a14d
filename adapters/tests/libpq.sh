#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libpq.sh COMMAND...: runs it with a PostgreSQL of its own, on a Unix socket in PGHOST. A server that is
# root will not run, so for root it is the user nobody's.
set -euo pipefail

binaries=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1 || true)
[[ -n $binaries ]] || binaries=$(dirname "$(command -v postgres || true)")
if ! [[ -x $binaries/initdb && -x $binaries/postgres ]]; then
    echo "skipped: needs PostgreSQL's initdb and postgres"
    exit 77
fi
as_owner=()
folder=$(mktemp -d /tmp/mio-adapters-XXXXXX)
if [[ $(id -u) -eq 0 ]]; then
    command -v setpriv >/dev/null || { echo "skipped: needs setpriv"; exit 77; }
    as_owner=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    chown nobody:nogroup "$folder"
fi
server=
# shellcheck disable=SC2317 # the trap calls it
finish() {
    [[ -z $server ]] || kill -INT "$server" 2>/dev/null || true
    [[ -z $server ]] || wait "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
cd "$folder"

"${as_owner[@]}" "$binaries/initdb" -D "$folder/data" -U test -A trust --no-sync --no-locale -E UTF8 \
    >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
rm -f "$folder.log"
"${as_owner[@]}" "$binaries/postgres" -D "$folder/data" -k "$folder" -h '' -F \
    >"$folder/log" 2>&1 &
server=$!
unset PGPORT PGUSER PGDATABASE PGSERVICE PGSSLMODE PGOPTIONS
export PGHOST=$folder
for ((i = 0; i < 300; i++)); do
    "$binaries/pg_isready" -q -U test && break
    kill -0 "$server" 2>/dev/null || { cat "$folder/log"; exit 1; }
    sleep 0.1
done
status=0
"$@" || status=$?
exit "$status"
