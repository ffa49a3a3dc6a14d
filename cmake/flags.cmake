# SPDX-License-Identifier: MIT
# How this project's own code is compiled. Nothing of it reaches the programs that use the library.

option(MIO_WERROR "Treat warnings as errors" OFF)
option(MIO_COVERAGE "Count which lines are executed (gcov)" OFF)
option(MIO_AS_ONE "Compile the library as one file, which is faster" OFF)
option(MIO_TESTS_AS_ONE "Compile each suite of tests as one file, which is faster" ON)
set(MIO_TEST_FLAGS "" CACHE STRING "Further flags of the tests themselves, as -O0, which compiles faster")
option(MIO_TRACE "Polls write what they do to the file that the variable MIO_TRACE names" OFF)
option(MIO_USDT "Static probes for bpftrace, perf and gdb; needs <sys/sdt.h>" OFF)
set(MIO_SANITIZE "" CACHE STRING "Sanitizers: 'address;undefined' or 'thread'")

set(mio_compile_options -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
set(mio_link_options "")

if(MIO_WERROR)
    list(APPEND mio_compile_options -Werror)
endif()

foreach(option MIO_TRACE MIO_USDT)
    if(${option})
        list(APPEND mio_compile_options -D${option})
    endif()
endforeach()

if(MIO_SANITIZE)
    string(REPLACE ";" "," sanitizers "${MIO_SANITIZE}")
    list(APPEND mio_compile_options
        -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    list(APPEND mio_link_options -fsanitize=${sanitizers})
endif()

if(MIO_COVERAGE)
    # Most branches are counted by subtraction: one increment lost between threads would be a lie.
    # And fork() as gcc knows it forgets what the handlers of pthread_atfork() have counted.
    list(APPEND mio_compile_options --coverage -fprofile-update=atomic -fno-builtin-fork)
    list(APPEND mio_link_options --coverage)
endif()

function(mio_use_flags target)
    target_compile_options(${target} PRIVATE ${mio_compile_options} ${mio_path_options})
    target_link_options(${target} PRIVATE ${mio_link_options})
    set_target_properties(${target} PROPERTIES
        C_STANDARD 11
        C_STANDARD_REQUIRED ON
        C_VISIBILITY_PRESET hidden)
endfunction()

# What tests are compiled with, and the library and the models that they run over are not.
function(mio_use_test_flags target)
    separate_arguments(flags UNIX_COMMAND "${MIO_TEST_FLAGS}")
    target_compile_options(${target} PRIVATE ${flags})
endfunction()

# The library's sources as one file: it saves time where nobody looks at single objects.
function(mio_compile_as_one target)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    # What a source asks of libc for itself is asked once for all, whichever comes first.
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
endfunction()

# The same where MIO_AS_ONE says so.
function(mio_may_compile_as_one target)
    if(MIO_AS_ONE)
        mio_compile_as_one(${target})
    endif()
endfunction()

# The tests of a suite, or what they run over, as one file where MIO_TESTS_AS_ONE says so.
function(mio_may_compile_tests_as_one target)
    if(MIO_TESTS_AS_ONE)
        set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
        # As the tests themselves define it.
        target_compile_definitions(${target} PRIVATE _GNU_SOURCE=)
    endif()
endfunction()
