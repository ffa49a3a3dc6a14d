# SPDX-License-Identifier: MIT
# Which system's interface the library is built against.
#
# The headers tell it from the compiler's predefined macros, so nothing is to be decided here, with
# three exceptions, each of which has to be known to every program that includes the headers and is
# therefore a public definition (in the CMake package and in libmio.pc too).

set(MIO_PLATFORM "" CACHE STRING
    "Another system's interface than the compiler's, a name of mio/platform.h: MIO_PLATFORM_NETBSD")
set(MIO_KQUEUE_INCLUDE_DIR "" CACHE PATH
    "The folder of another kqueue's sys/event.h, used in place of the system's")
set(MIO_KQUEUE_LIBRARY "" CACHE STRING
    "The library of that kqueue: a path, a name or a linker option")

set(mio_public_definitions "")

# A kqueue that is a library: on Linux the compiler still says Linux, and would get epoll's record.
# Compiler flags that make it say another system (-U__linux__ -D__FreeBSD__=13) win.
function(mio_compiler_says_linux result)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/mio_platform.c)
    file(WRITE ${source} "#include <mio/platform.h>
#if MIO_PLATFORM != MIO_PLATFORM_LINUX
#error another system
#endif
int main(void) { return 0; }
")
    unset(mio_says_linux CACHE) # the answer depends on flags, so it is asked anew each time
    try_compile(mio_says_linux ${CMAKE_CURRENT_BINARY_DIR} ${source}
        CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${PROJECT_SOURCE_DIR}/include")
    set(${result} ${mio_says_linux} PARENT_SCOPE)
    unset(mio_says_linux CACHE)
endfunction()

if(MIO_PLATFORM)
    list(APPEND mio_public_definitions MIO_PLATFORM=${MIO_PLATFORM})
elseif(MIO_KQUEUE_INCLUDE_DIR OR MIO_KQUEUE_LIBRARY)
    mio_compiler_says_linux(says_linux)
    if(says_linux)
        list(APPEND mio_public_definitions MIO_PLATFORM=MIO_PLATFORM_KQUEUE_LIBRARY)
    endif()
endif()

# NetBSD 11 appended ext[4] to struct kevent, and no predefined macro tells the release.
if(CMAKE_SYSTEM_NAME STREQUAL "NetBSD")
    include(CheckStructHasMember)
    check_struct_has_member("struct kevent" ext "sys/types.h;sys/event.h" MIO_KEVENT_HAS_EXT)
    if(MIO_KEVENT_HAS_EXT)
        list(APPEND mio_public_definitions MIO_NETBSD_RELEASE=11)
    endif()
endif()

# Gives a target what was decided above. Every program has to link that other library; an installed
# libmio does not name its headers, which only programs that use the raw access need.
function(mio_use_platform target)
    target_compile_definitions(${target} PUBLIC ${mio_public_definitions})
    if(MIO_KQUEUE_INCLUDE_DIR)
        target_include_directories(${target} BEFORE PUBLIC
            $<BUILD_INTERFACE:${MIO_KQUEUE_INCLUDE_DIR}>)
    endif()
    if(MIO_KQUEUE_LIBRARY)
        target_link_libraries(${target} PUBLIC ${MIO_KQUEUE_LIBRARY})
    endif()
endfunction()
