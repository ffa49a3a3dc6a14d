# SPDX-License-Identifier: MIT
# 32 bits, ARMv7 with hardware floating point.
set(port_cpu armv7l)
set(port_triple arm-linux-gnueabihf)
set(port_qemu arm)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
