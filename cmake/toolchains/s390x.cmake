# SPDX-License-Identifier: MIT
# 64 bits, big-endian.
set(port_cpu s390x)
set(port_triple s390x-linux-gnu)
set(port_qemu s390x)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
