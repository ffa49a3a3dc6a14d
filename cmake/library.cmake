# SPDX-License-Identifier: MIT
# The targets of the library. `libmio` is of the kind that BUILD_SHARED_LIBS chooses, and is called
# libmio::mio; with MIO_BUILD_BOTH the other kind is beside it. libmio::mio_static and
# libmio::mio_shared name a kind that is there. `mio_static` is the archive's target, or empty.
#
# Each kind has objects of its own. An archive becomes a part of something else, which must not
# export it: two plugins with a libmio of their own each would both call the first one's. A symbol
# that is hidden in an object cannot be exported by a shared library made of it.

include(cmake/symbols.cmake)

# Compiled once; the archive is made of these objects, and so are the tests that look inside it.
add_library(mio_objects OBJECT ${mio_sources})
mio_use_flags(mio_objects)
mio_may_compile_as_one(mio_objects)
mio_use_platform(mio_objects)
target_include_directories(mio_objects PUBLIC ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(mio_objects PUBLIC Threads::Threads)
# A program takes the functions that it uses, and no others, when its linker is told --gc-sections
# (Apple's does so by itself with -dead_strip).
target_compile_options(mio_objects PRIVATE -ffunction-sections -fdata-sections)
# The archive may become a part of a plugin.
set_target_properties(mio_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)

# mio_add_library(target kind): SHARED or STATIC
function(mio_add_library target kind)
    if(kind STREQUAL "SHARED")
        add_library(${target} SHARED ${mio_sources})
        mio_may_compile_as_one(${target})
        target_compile_definitions(${target} PRIVATE MIO_BUILDING_SHARED)
        mio_use_symbols(${target})
        # It leaves a fork handler behind, which not every system takes back when a library is
        # unloaded.
        if(NOT APPLE)
            target_link_options(${target} PRIVATE LINKER:-z,nodelete)
        endif()
    else()
        add_library(${target} STATIC $<TARGET_OBJECTS:mio_objects>)
    endif()
    mio_use_flags(${target})
    mio_use_platform(${target})
    target_include_directories(${target} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PRIVATE Threads::Threads)
    set_target_properties(${target} PROPERTIES
        LINKER_LANGUAGE C
        OUTPUT_NAME mio
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR})
endfunction()

if(BUILD_SHARED_LIBS)
    set(mio_kinds shared static)
else()
    set(mio_kinds static shared)
endif()
list(GET mio_kinds 0 mio_kind)
list(GET mio_kinds 1 mio_other_kind)

string(TOUPPER ${mio_kind} kind)
mio_add_library(libmio ${kind})
add_library(libmio::mio ALIAS libmio)
add_library(libmio::mio_${mio_kind} ALIAS libmio)
set_target_properties(libmio PROPERTIES EXPORT_NAME mio)
set(mio_${mio_kind} libmio)

set(mio_${mio_other_kind} "")
if(MIO_BUILD_BOTH)
    string(TOUPPER ${mio_other_kind} kind)
    mio_add_library(libmio_${mio_other_kind} ${kind})
    add_library(libmio::mio_${mio_other_kind} ALIAS libmio_${mio_other_kind})
    set_target_properties(libmio_${mio_other_kind} PROPERTIES EXPORT_NAME mio_${mio_other_kind})
    set(mio_${mio_other_kind} libmio_${mio_other_kind})
endif()

# What there is of the library, and nothing else: cmake --build build/default --target mio
if(mio_is_top_level)
    add_custom_target(mio DEPENDS libmio)
    if(MIO_BUILD_BOTH)
        add_dependencies(mio libmio_${mio_other_kind})
    endif()
endif()
