#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The recipes of packaging/, with what they leave open filled in.
#
#   recipes.sh FOLDER ARCHIVE [ADDRESS]   all of them in FOLDER, for that archive at that address
#   recipes.sh --files PREFIX             what is installed below PREFIX, as packaging/files.txt has it
#   recipes.sh --write PREFIX             writes it there
#
# Version and program come from the sources, sums and size from the archive, the lists of files from
# packaging/files.txt. So nothing is written down twice, and nothing of them can be out of date.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
export LC_ALL=C
version=$(sed -n 's/^#define MIO_VERSION_STRING *"\(.*\)"/\1/p' "$root/include/mio/version.h")
so=${version%%.*}

# files PREFIX : sorted, without what a version or a kind of build changes
files() {
    (cd "$1" && find . ! -type d) | sed -e 's|^\./||' -e "s|\.so\.$version\$|.so.@VERSION@|" \
        -e "s|\.so\.$so\$|.so.@SOVERSION@|" -e 's|Targets-[a-z]*\.cmake$|Targets-release.cmake|' | sort
}

case ${1:-} in
--files)
    files "$2"
    exit 0
    ;;
--write)
    files "$2" >"$root/packaging/files.txt"
    exit 0
    ;;
-* | '')
    echo "usage: $0 FOLDER ARCHIVE [ADDRESS]; or --files PREFIX, or --write PREFIX" >&2
    exit 2
    ;;
esac

folder=$1
archive=$2
address=${3:-https://libmio.example}
name=libmio-$version.tar.gz

# sums : of the archive: SHA256 as digits and in base 64, SHA512, BLAKE2s
sums() {
    python3 - "$archive" <<'END'
import base64, hashlib, sys
data = open(sys.argv[1], "rb").read()
sha256 = hashlib.sha256(data)
print(sha256.hexdigest(), base64.b64encode(sha256.digest()).decode(),
      hashlib.sha512(data).hexdigest(), hashlib.blake2s(data).hexdigest())
END
}

# fill FILE : what the recipe leaves open
fill() {
    sed -e "s|@VERSION@|$version|g" -e "s|@SOVERSION@|$so|g" -e "s|@ADDRESS@|$address|g" \
        -e "s|@SHA256@|$sha256|g" -e "s|@SHA512@|$sha512|g" \
        -e "/@PROGRAM@/{r $folder/program" -e 'd;}' "$1"
}

read -r sha256 sha256_base64 sha512 blake2s < <(sums)
size=$(wc -c <"$archive" | tr -d ' ')

rm -rf "$folder"
mkdir -p "$folder"
sed -e 's/./      &/' "$root/tests/install/consumer/consumer.c" >"$folder/program"
(cd "$root/packaging" && find . -type f ! -name README.md ! -name files.txt) | while IFS= read -r file; do
    mkdir -p "$folder/$(dirname "$file")"
    fill "$root/packaging/$file" >"$folder/$file"
done
cp "$root/tests/install/consumer/consumer.c" "$folder/conan/all/test_package/test_package.c"

fill "$root/packaging/files.txt" >"$folder/files"
awk -v kind=freebsd -f "$root/scripts/recipes.awk" "$folder/files" >"$folder/freebsd/pkg-plist"
awk -v kind=pkgsrc -f "$root/scripts/recipes.awk" "$folder/files" >"$folder/pkgsrc/PLIST"
awk -v kind=openbsd -f "$root/scripts/recipes.awk" "$folder/files" >"$folder/openbsd/pkg/PLIST"
rm "$folder/files" "$folder/program"

cat >"$folder/freebsd/distinfo" <<END
TIMESTAMP = ${SOURCE_DATE_EPOCH:-$(date +%s)}
SHA256 ($name) = $sha256
SIZE ($name) = $size
END
cat >"$folder/openbsd/distinfo" <<END
SHA256 ($name) = $sha256_base64
SIZE ($name) = $size
END
cat >"$folder/pkgsrc/distinfo" <<END
\$NetBSD\$

BLAKE2s ($name) = $blake2s
SHA512 ($name) = $sha512
Size ($name) = $size bytes
END
