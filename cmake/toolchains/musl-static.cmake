# SPDX-License-Identifier: MIT
# Programs that hold musl and need nothing at run time.
include(${CMAKE_CURRENT_LIST_DIR}/musl.cmake)
set(CMAKE_C_FLAGS_INIT -static)
set(MIO_BUILD_BOTH OFF CACHE BOOL "")
