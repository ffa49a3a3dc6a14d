# SPDX-License-Identifier: MIT
# What the toolchains for other CPUs share: Debian's cross compilers and their C libraries. To be
# included after setting
#   port_cpu      as uname -m says it
#   port_triple   the prefix of the compiler, and the folder of the C library below /usr
#   port_qemu     which qemu-user runs its programs; none where this machine runs them itself

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${port_cpu})
set(CMAKE_C_COMPILER ${port_triple}-gcc)
set(CMAKE_CXX_COMPILER NOTFOUND) # what needs it is left out; this machine's own would be found

set(port_root /usr/${port_triple})
set(CMAKE_FIND_ROOT_PATH ${port_root})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

if(port_qemu)
    set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${port_qemu} -L ${port_root})
endif()
set(MIO_PORT_QEMU "${port_qemu}" CACHE INTERNAL "What runs the programs, for scripts/ports.sh")
