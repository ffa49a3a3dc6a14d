# SPDX-License-Identifier: MIT
# 64 bits.
set(port_cpu riscv64)
set(port_triple riscv64-linux-gnu)
set(port_qemu riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
