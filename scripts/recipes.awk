# SPDX-License-Identifier: MIT
# The list of installed files, packaging/files.txt with its names filled in, as a packing list:
#
#   awk -v kind=freebsd|pkgsrc|openbsd -f recipes.awk FILES

BEGIN {
    if (kind == "pkgsrc")
        print "@comment $NetBSD$"
}

# Folders that are libmio's own are in OpenBSD's list.
function own_folder(folder)
{
    if (!(folder in seen) && folder ~ /\/(mio|mio-adapters|cmake|libmio)\/$/)
        print folder
    seen[folder] = 1
}

kind == "freebsd" {
    sub(/^lib\/pkgconfig\//, "libdata/pkgconfig/")
    sub(/-release\.cmake$/, "-%%CMAKE_BUILD_TYPE%%.cmake")
    if (/^share\/man\//)
        $0 = $0 ".gz"
}

kind != "freebsd" { sub(/^share\/man\//, "man/") }

kind == "openbsd" {
    if (/^lib\/libmio\.so\.[0-9]+$/ || /^lib\/libmio\.so$/)
        next # there is one file of a shared library, with the version that the port gives it
    sub(/^lib\/libmio\.so\..*/, "@lib lib/libmio.so.${LIBmio_VERSION}")
    sub(/^lib\/libmio\.a$/, "@static-lib &")
    sub(/-release\.cmake$/, "${MODCMAKE_BUILD_SUFFIX}")
    if (/^lib\/cmake\//)
        own_folder("lib/cmake/")
    folder = $0
    sub(/[^\/]*$/, "", folder)
    own_folder(folder)
    sub(/^man\//, "@man &")
}

{ print }
