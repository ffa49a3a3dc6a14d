# SPDX-License-Identifier: MIT
# It says how CMake is called, with CMAKE_CONFIGURE_ARGS.
