# SPDX-License-Identifier: MIT
# The same sources and flags give the same bytes, wherever and whenever they are built. Two things of
# this project's own would tell: the path in an assert(), and what an archive says of its members.
#
# Debug information has paths too, which a debugger follows: whoever builds with -g for others says
# -ffile-prefix-map, as distributions do.

include(CheckCCompilerFlag)

# A Debug build keeps the whole path, which is easier to find.
set(mio_path_options "")
check_c_compiler_flag(-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/= MIO_COMPILER_MAPS_PATHS)
if(MIO_COMPILER_MAPS_PATHS)
    set(mio_path_options
        $<$<NOT:$<CONFIG:Debug>>:-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=>)
endif()

# Times, owners and modes of members are 0 where ar and ranlib know the modifier D. Most do so unasked.
set(mio_probe ${CMAKE_CURRENT_BINARY_DIR}/probe.a)
file(REMOVE ${mio_probe})
execute_process(COMMAND ${CMAKE_AR} qcD ${mio_probe} ${CMAKE_CURRENT_LIST_FILE}
    RESULT_VARIABLE ar_status OUTPUT_QUIET ERROR_QUIET)
execute_process(COMMAND ${CMAKE_RANLIB} -D ${mio_probe}
    RESULT_VARIABLE ranlib_status OUTPUT_QUIET ERROR_QUIET)
if(ar_status EQUAL 0 AND ranlib_status EQUAL 0)
    set(CMAKE_C_ARCHIVE_CREATE "<CMAKE_AR> qcD <TARGET> <LINK_FLAGS> <OBJECTS>")
    set(CMAKE_C_ARCHIVE_APPEND "<CMAKE_AR> qD <TARGET> <LINK_FLAGS> <OBJECTS>")
    set(CMAKE_C_ARCHIVE_FINISH "<CMAKE_RANLIB> -D <TARGET>")
endif()
