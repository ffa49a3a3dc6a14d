# SPDX-License-Identifier: MIT
# As much of vcpkg as a port of a CMake project needs: the port is installed, and a program that finds
# it by CMake is built and run. RECIPE, ARCHIVE_FILE, LINKAGE and WORK are given.
cmake_minimum_required(VERSION 3.18)

file(READ ${RECIPE}/vcpkg.json manifest)
string(REGEX REPLACE ".*\"version\": \"([^\"]*)\".*" "\\1" VERSION "${manifest}")
set(PORT libmio)
set(VCPKG_LIBRARY_LINKAGE ${LINKAGE})
set(CURRENT_PACKAGES_DIR ${WORK}/packages)
set(CMAKE_CURRENT_LIST_DIR ${RECIPE})

function(run)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "failed: ${ARGV}")
    endif()
endfunction()

function(vcpkg_download_distfile result)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILENAME;SHA512" "URLS")
    file(SHA512 ${ARCHIVE_FILE} sum)
    get_filename_component(name ${ARCHIVE_FILE} NAME)
    get_filename_component(url_name ${arg_URLS} NAME)
    if(NOT sum STREQUAL arg_SHA512 OR NOT name STREQUAL arg_FILENAME OR NOT name STREQUAL url_name)
        message(FATAL_ERROR "another archive")
    endif()
    set(${result} ${ARCHIVE_FILE} PARENT_SCOPE)
endfunction()

function(vcpkg_extract_source_archive result)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "ARCHIVE" "")
    file(ARCHIVE_EXTRACT INPUT ${arg_ARCHIVE} DESTINATION ${WORK}/source)
    set(${result} ${WORK}/source/libmio-${VERSION} PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
    set(shared OFF)
    if(LINKAGE STREQUAL "dynamic")
        set(shared ON)
    endif()
    run(${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${WORK}/build -DCMAKE_BUILD_TYPE=Release
        -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR} -DCMAKE_INSTALL_LIBDIR=lib
        -DBUILD_SHARED_LIBS=${shared} -DMIO_AS_ONE=ON ${arg_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
    run(${CMAKE_COMMAND} --build ${WORK}/build --target install)
endfunction()

# To share/NAME, one folder higher: what looks for the prefix from there is told.
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "PACKAGE_NAME;CONFIG_PATH" "")
    set(share ${CURRENT_PACKAGES_DIR}/share/${arg_PACKAGE_NAME})
    file(GLOB files ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*.cmake)
    file(INSTALL ${files} DESTINATION ${share})
    file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH})
    file(READ ${share}/libmioTargets.cmake text)
    string(REGEX REPLACE "get_filename_component\\(_IMPORT_PREFIX [^\n]*\n" "" text "${text}")
    string(REPLACE "# Use original" "#" text "${text}")
    string(REGEX REPLACE "(\n# Compute the installation prefix[^\n]*\n)"
        "\\1get_filename_component(_IMPORT_PREFIX \"\${CMAKE_CURRENT_LIST_DIR}/../..\" ABSOLUTE)\n" text
        "${text}")
    file(WRITE ${share}/libmioTargets.cmake "${text}")
endfunction()

function(vcpkg_fixup_pkgconfig)
    if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/lib/pkgconfig/libmio.pc)
        message(FATAL_ERROR "no libmio.pc")
    endif()
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
    file(INSTALL ${arg_FILE_LIST} DESTINATION ${CURRENT_PACKAGES_DIR}/share/${PORT} RENAME copyright)
endfunction()

include(${RECIPE}/portfile.cmake)

set(library_static libmio.a)
set(library_dynamic libmio.so)
if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/lib/${library_${LINKAGE}})
    message(FATAL_ERROR "the other kind of library")
endif()
file(WRITE ${WORK}/use/CMakeLists.txt "cmake_minimum_required(VERSION 3.18)
project(use C)
find_package(libmio CONFIG REQUIRED)
add_executable(use ${WORK}/source/libmio-${VERSION}/tests/install/consumer/consumer.c)
target_link_libraries(use PRIVATE libmio::mio)
")
run(${CMAKE_COMMAND} -S ${WORK}/use -B ${WORK}/use/build -Dlibmio_DIR=${CURRENT_PACKAGES_DIR}/share/libmio)
run(${CMAKE_COMMAND} --build ${WORK}/use/build)
run(${WORK}/use/build/use)
