# SPDX-License-Identifier: MIT
# What pkgsrc makes of a package: the options that CMake gets.
PKGMANDIR=	man
PORT_OPTIONS=	${CMAKE_CONFIGURE_ARGS}
