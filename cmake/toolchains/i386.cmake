# SPDX-License-Identifier: MIT
# 32 bits, run by the kernel of an x86-64 machine itself. The programs name the C library's folder,
# which is not where a machine of this kind has it.
set(port_cpu i686)
set(port_triple i686-linux-gnu)
set(port_qemu "")
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
string(CONCAT CMAKE_C_FLAGS_INIT "-Wl,--dynamic-linker=${port_root}/lib/ld-linux.so.2 "
    "-Wl,-rpath,${port_root}/lib")
