# SPDX-License-Identifier: MIT
vcpkg_download_distfile(ARCHIVE
    URLS "@ADDRESS@/libmio-${VERSION}.tar.gz"
    FILENAME "libmio-${VERSION}.tar.gz"
    SHA512 @SHA512@
)
vcpkg_extract_source_archive(SOURCE_PATH ARCHIVE "${ARCHIVE}")

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DMIO_BUILD_BOTH=OFF
        -DMIO_BUILD_TESTS=OFF
        -DMIO_BUILD_EXAMPLES=OFF
        -DMIO_INSTALL_PKGCONFIGDIR=lib/pkgconfig
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME libmio CONFIG_PATH lib/cmake/libmio)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE
    "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share"
)
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
