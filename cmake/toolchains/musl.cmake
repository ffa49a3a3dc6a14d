# SPDX-License-Identifier: MIT
# musl in place of glibc, on this machine's CPU. It has no linux/*.h and no C++.
set(CMAKE_C_COMPILER musl-gcc)
set(CMAKE_CXX_COMPILER NOTFOUND)
