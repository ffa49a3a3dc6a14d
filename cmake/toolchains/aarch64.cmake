# SPDX-License-Identifier: MIT
# 64 bits; a weaker order of memory than x86's, which the emulator may not show.
set(port_cpu aarch64)
set(port_triple aarch64-linux-gnu)
set(port_qemu aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
