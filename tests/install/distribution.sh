#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a distribution does with the sources: builds them without git, in a folder of its own, with its
# own flags and without NDEBUG, into a multiarch folder below DESTDIR, with libmio.pc where FreeBSD has
# it. Two folders and umasks give the same bytes of each installed file, also where ar writes times and
# owners down unless it is told.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
libdir=lib/some-linux-gnu

fail() {
    echo "FAILED: $1"
    tail -n 20 "$work"/*.log
    exit 1
}

# An ar and a ranlib that write down all they know, where this system's can.
options=()
touch "$work/member"
if "${AR:=ar}" qcU "$work/probe.a" "$work/member" 2>/dev/null; then
    mkdir "$work/bin"
    for tool in ar ranlib; do
        cat >"$work/bin/$tool" <<END
#!/bin/sh
case \$1 in
*D*) exec $tool "\$@" ;;
-*) exec $tool -U "\$@" ;;
*.a) exec $tool -U "\$@" ;;
esac
first=\$1
shift
exec $tool "\${first}U" "\$@"
END
        chmod +x "$work/bin/$tool"
    done
    options+=(-DCMAKE_AR="$work/bin/ar" -DCMAKE_RANLIB="$work/bin/ranlib")
fi

# build FOLDER : below FOLDER/system is what was installed, and the sources are gone.
build() {
    mkdir -p "$1/system"
    (cd "$MIO_SOURCE" && tar -cf - CMakeLists.txt include src cmake adapters/mio-adapters docs/man) |
        tar -C "$1" -xf -
    # As one file without optimising, which is faster.
    "$CMAKE" -S "$1" -B "$1/build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$CFLAGS -O0" \
        -DCMAKE_BUILD_TYPE=None -DCMAKE_INSTALL_PREFIX=/opt/mio -DCMAKE_INSTALL_LIBDIR=$libdir \
        -DMIO_INSTALL_PKGCONFIGDIR=libdata/pkgconfig \
        -DMIO_AS_ONE=ON -DMIO_BUILD_TESTS=OFF -DMIO_BUILD_EXAMPLES=OFF \
        "${options[@]}" >"$work/configure.log" 2>&1 || fail "it is not configured"
    "$CMAKE" --build "$1/build" >"$work/build.log" 2>&1 || fail "it is not built"
    DESTDIR=$1/system "$CMAKE" --install "$1/build" >"$work/install.log" 2>&1 || fail "it is not installed"
}

(umask 022 && TZ=UTC build "$work/a")
(umask 027 && TZ=UTC-9 build "$work/a/much/longer/folder")
mv "$work/a/much/longer/folder" "$work/b"
diff -r "$work/a/system" "$work/b/system" || fail "the folder is seen in what is built there"

# From its own folder libmio.pc finds the library's.
lib=$work/a/system/opt/mio/$libdir
[[ -f $lib/libmio.a && -f $lib/cmake/libmio/libmioConfig.cmake ]] || fail "not in $libdir"
if command -v pkg-config >/dev/null; then
    said=$(PKG_CONFIG_PATH=$work/a/system/opt/mio/libdata/pkgconfig pkg-config --variable=libdir libmio)
    [[ $said -ef $lib ]] || fail "pkg-config says: $said"
fi
echo "$(find "$work/a/system" -type f | wc -l) files, the same from two folders"
