# SPDX-License-Identifier: MIT
# 32 bits, run by the kernel of an x86-64 machine itself; the programs name the C library's folder,
# which is not where a machine of this kind has it. Where the kernel runs no such programs they run in
# the emulator, and hold the C library: in qemu 7.2 the child of a fork of others never returns.
set(port_cpu i686)
set(port_triple i686-linux-gnu)
execute_process(COMMAND /usr/${port_triple}/lib/ld-linux.so.2 --version
    RESULT_VARIABLE port_refused OUTPUT_QUIET ERROR_QUIET)
if(port_refused)
    set(port_qemu i386)
else()
    set(port_qemu "")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
if(port_refused)
    set(CMAKE_C_FLAGS_INIT -static)
    set(MIO_BUILD_BOTH OFF CACHE BOOL "")
else()
    string(CONCAT CMAKE_C_FLAGS_INIT "-Wl,--dynamic-linker=${port_root}/lib/ld-linux.so.2 "
        "-Wl,-rpath,${port_root}/lib")
endif()
