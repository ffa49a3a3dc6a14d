# SPDX-License-Identifier: MIT
# Headers, libraries, CMake package, libmio.pc and manual pages. CMake package and libmio.pc find the
# rest relative to themselves, so an installation may be moved, or be made with another
# `cmake --install --prefix`.

include(CMakePackageConfigHelpers)

install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
    PATTERN "*.h" PATTERN "*.hpp")
install(DIRECTORY adapters/mio-adapters DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
    PATTERN "*.h")
install(TARGETS libmio EXPORT libmio_targets)
if(MIO_BUILD_BOTH)
    install(TARGETS libmio_${mio_other_kind} EXPORT libmio_targets)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/libmio)

install(EXPORT libmio_targets NAMESPACE libmio:: FILE libmioTargets.cmake DESTINATION ${package_dir})
configure_package_config_file(cmake/libmioConfig.cmake.in libmioConfig.cmake
    INSTALL_DESTINATION ${package_dir}
    NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(libmioConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/libmioConfig.cmake
    ${PROJECT_BINARY_DIR}/libmioConfigVersion.cmake
    DESTINATION ${package_dir})

# --- manual pages ---

# Each name in the NAME of a page is a page too, which refers to it.
file(GLOB pages CONFIGURE_DEPENDS docs/man/*.3 docs/man/*.7)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pages})
foreach(page IN LISTS pages)
    get_filename_component(title ${page} NAME_WE)
    string(REGEX REPLACE ".*\\." "" section ${page})
    list(APPEND man${section}_pages ${page})
    file(STRINGS ${page} lines REGEX "^\\.Nm mio")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^\\.Nm (mio[a-z0-9_]*).*" "\\1" name "${line}")
        set(reference ${PROJECT_BINARY_DIR}/man/${name}.${section})
        if(NOT name STREQUAL title)
            file(CONFIGURE OUTPUT ${reference} CONTENT ".so man${section}/${title}.${section}\n")
            list(APPEND man${section}_pages ${reference})
        endif()
    endforeach()
endforeach()
install(FILES ${man3_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(FILES ${man7_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)

# --- pkg-config ---

# Where pkg-config looks on this system.
if(CMAKE_SYSTEM_NAME MATCHES "^(FreeBSD|DragonFly)$")
    set(mio_pc_folder libdata/pkgconfig)
else()
    set(mio_pc_folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
set(MIO_INSTALL_PKGCONFIGDIR "" CACHE STRING "The folder of libmio.pc, if not ${mio_pc_folder}")
if(MIO_INSTALL_PKGCONFIGDIR)
    set(mio_pc_folder ${MIO_INSTALL_PKGCONFIGDIR})
endif()
get_filename_component(mio_pc_full ${mio_pc_folder} ABSOLUTE BASE_DIR ${CMAKE_INSTALL_PREFIX})

file(RELATIVE_PATH up_to_prefix ${mio_pc_full} ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" up_to_prefix "${up_to_prefix}")

# "libdir" and "includedir" may be absolute, outside of the prefix.
function(mio_pc_dir result dir)
    if(IS_ABSOLUTE ${dir})
        set(${result} ${dir} PARENT_SCOPE)
    else()
        set(${result} "\${prefix}/${dir}" PARENT_SCOPE)
    endif()
endfunction()

if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR} OR IS_ABSOLUTE ${mio_pc_folder})
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
    set(pc_prefix "\${pcfiledir}/${up_to_prefix}")
endif()
mio_pc_dir(pc_libdir ${CMAKE_INSTALL_LIBDIR})
mio_pc_dir(pc_includedir ${CMAKE_INSTALL_INCLUDEDIR})

# A name becomes -lname, as target_link_libraries() does it; paths and options stay as they are.
set(pc_dependencies "${CMAKE_THREAD_LIBS_INIT}")
foreach(library IN LISTS MIO_KQUEUE_LIBRARY)
    if(NOT library MATCHES "^[/-]")
        string(PREPEND library "-l")
    endif()
    string(APPEND pc_dependencies " ${library}")
endforeach()
string(STRIP "${pc_dependencies}" pc_dependencies)

# A static library cannot bring along what it needs. Where there is a shared one, the linker takes
# that, and `pkg-config --static` is for the other.
if(mio_shared)
    set(pc_libs "")
    set(pc_libs_private "${pc_dependencies}")
else()
    set(pc_libs "${pc_dependencies}")
    set(pc_libs_private "")
endif()

list(TRANSFORM mio_public_definitions PREPEND " -D" OUTPUT_VARIABLE pc_definitions)
list(JOIN pc_definitions "" pc_definitions)

configure_file(cmake/libmio.pc.in libmio.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/libmio.pc DESTINATION ${mio_pc_folder})

# A system's own folders are searched anyway. pkg-config leaves them out when they are written as
# what they are, and they are never moved.
if(NOT IS_ABSOLUTE ${mio_pc_folder})
    set(mio_pc ${mio_pc_folder}/libmio.pc)
    install(CODE "
        set(mio_pc \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${mio_pc}\")
        if(CMAKE_INSTALL_PREFIX MATCHES \"^/usr(/local)?/*$\" AND EXISTS \"\${mio_pc}\")
            file(READ \"\${mio_pc}\" mio_pc_text)
            string(REGEX REPLACE \"^prefix=[^\n]*\" \"prefix=\${CMAKE_INSTALL_PREFIX}\"
                mio_pc_text \"\${mio_pc_text}\")
            file(WRITE \"\${mio_pc}\" \"\${mio_pc_text}\")
        endif()")
endif()
