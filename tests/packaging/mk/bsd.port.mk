# SPDX-License-Identifier: MIT
# What FreeBSD's and OpenBSD's frameworks make of a port's variables: the options that CMake gets.
PORT_OPTIONS=	${CMAKE_ON:%=-D%=ON} ${CMAKE_OFF:%=-D%=OFF} ${CMAKE_ARGS} ${CONFIGURE_ARGS}
