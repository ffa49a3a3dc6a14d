# SPDX-License-Identifier: MIT
# What a shared library exports: the names that the headers declare, and nothing else. On ELF each
# has the version LIBMIO_<major>.<minor>, so that a program that was linked with another minor
# version's library is refused by the loader in plain words. Before 1.0 that may be another interface.

include(CheckLinkerFlag)

file(GLOB mio_headers CONFIGURE_DEPENDS include/mio/*.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${mio_headers})

set(mio_symbols "")
foreach(header IN LISTS mio_headers)
    file(STRINGS ${header} lines REGEX "MIO_(API|INLINE) .*mio_[a-z0-9_]+\\(")
    foreach(line IN LISTS lines)
        string(REGEX MATCH "[ *](mio_[a-z0-9_]+)\\(" found "${line}")
        list(APPEND mio_symbols ${CMAKE_MATCH_1})
    endforeach()
endforeach()
list(REMOVE_DUPLICATES mio_symbols)
list(SORT mio_symbols)

set(mio_symbol_map ${PROJECT_BINARY_DIR}/libmio.map)
list(JOIN mio_symbols ";\n    " names)
file(CONFIGURE OUTPUT ${mio_symbol_map} @ONLY CONTENT
"LIBMIO_${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} {
  global:
    ${names};
  local:
    *;
};
")

# Apple's linker takes the names alone, as its object files have them.
set(mio_symbol_list ${PROJECT_BINARY_DIR}/libmio.exports)
list(TRANSFORM mio_symbols PREPEND "_" OUTPUT_VARIABLE names)
list(JOIN names "\n" names)
file(CONFIGURE OUTPUT ${mio_symbol_list} @ONLY CONTENT "${names}\n")

# A name of another platform's headers (mio_kevent_is_of_descriptor) is not defined on this one,
# which lld refuses unless it is told.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/probe.map @ONLY CONTENT "PROBE { local: *; };\n")
if(APPLE)
    set(mio_symbol_options LINKER:-exported_symbols_list,${mio_symbol_list})
else()
    set(mio_symbol_options "")
    check_linker_flag(C "LINKER:--version-script=${PROJECT_BINARY_DIR}/probe.map"
        MIO_LINKER_HAS_VERSION_SCRIPT)
    check_linker_flag(C LINKER:--undefined-version MIO_LINKER_HAS_UNDEFINED_VERSION)
    if(MIO_LINKER_HAS_VERSION_SCRIPT)
        list(APPEND mio_symbol_options LINKER:--version-script=${mio_symbol_map})
    endif()
    if(MIO_LINKER_HAS_UNDEFINED_VERSION)
        list(APPEND mio_symbol_options LINKER:--undefined-version)
    endif()
endif()

function(mio_use_symbols target)
    target_link_options(${target} PRIVATE ${mio_symbol_options})
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${mio_symbol_map})
endfunction()
