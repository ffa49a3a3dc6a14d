#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# As a part of another CMake project libmio brings its library and leaves everything else alone: the
# parent's build type, what the parent installs, and what it tests.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $1"
    cat "$work"/*.log
    exit 1
}

# configure OPTION...
configure() {
    # As one file, which is faster.
    "$CMAKE" -S "$work/parent" -B "$work/build" -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="$CFLAGS" \
        -DMIO_AS_ONE=ON "$@" >"$work/configure.log" 2>&1 || fail "it is not configured"
}

mkdir "$work/parent"
cp "$MIO_SOURCE/tests/install/consumer/consumer.c" "$work/parent/"
cat >"$work/parent/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.18)
project(parent LANGUAGES C)
if(FETCH)
    include(FetchContent)
    FetchContent_Declare(libmio SOURCE_DIR $MIO_SOURCE)
    FetchContent_MakeAvailable(libmio)
else()
    add_subdirectory($MIO_SOURCE libmio)
endif()
add_executable(consumer consumer.c)
target_link_libraries(consumer PRIVATE libmio::mio)
install(TARGETS consumer DESTINATION bin)
message(STATUS "the build type is <\${CMAKE_BUILD_TYPE}>")
END

configure
grep -q 'the build type is <>' "$work/configure.log" || fail "it has set the parent's build type"
"$CMAKE" --build "$work/build" >"$work/build.log" 2>&1 || fail "it is not built"
"$work/build/consumer" || fail "the program does not run"
[[ -z $(find "$work/build" -name 'libmio.so*') ]] || fail "it has built a shared library too"
[[ -z $(find "$work/build" -name '*contract*') ]] || fail "it has brought its tests"
"$CMAKE" --install "$work/build" --prefix "$work/alone" >"$work/install.log"
[[ $(find "$work/alone" -type f) == "$work/alone/bin/consumer" ]] || fail "it installs itself"

configure -DMIO_INSTALL=ON
"$CMAKE" --build "$work/build" >"$work/build.log" 2>&1 || fail "it is not built"
"$CMAKE" --install "$work/build" --prefix "$work/both" >"$work/install.log"
[[ -f $work/both/include/mio.h ]] || fail "it is not installed though it was asked for"

rm -r "$work/build"
configure -DBUILD_SHARED_LIBS=ON -DFETCH=ON
"$CMAKE" --build "$work/build" >"$work/build.log" 2>&1 || fail "it is not built as a shared library"
"$work/build/consumer" || fail "the program does not run with the shared library"
[[ -n $(find "$work/build" -name 'libmio.so*' -o -name 'libmio*.dylib') ]] ||
    fail "there is no shared library"
[[ -z $(find "$work/build" -name 'libmio.a') ]] || fail "it has built an archive too"
