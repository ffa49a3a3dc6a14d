#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes src/record/kqueue_names.h of kqueue_names.txt beside it.
#
#   kqueue-names.sh            writes it
#   kqueue-names.sh --check    fails when it is not what would be written
set -euo pipefail

cd "$(dirname "$0")/../src/record"

header() {
    awk '
    function end_table() {
        if (table == "")
            return
        if (is_notes)
            print "    {NULL, 0},"
        print "};"
        if (is_notes)
            print "#endif"
        print ""
    }
    # A row, where the system has the name.
    function row(name, text,    platform) {
        platform = ""
        if (split(name, parts, "!") == 2)
            platform = " && MIO_PLATFORM != MIO_PLATFORM_" parts[2]
        print "#if defined(" parts[1] ")" platform
        gsub("@", parts[1], text)
        print text
        print "#endif"
    }
    BEGIN {
        # REUSE-IgnoreStart
        print "/* SPDX-License-Identifier: MIT */"
        # REUSE-IgnoreEnd
        print "/* Made of kqueue_names.txt by scripts/kqueue-names.sh: change it there. */"
        print "#ifndef MIO_SRC_RECORD_KQUEUE_NAMES_H"
        print "#define MIO_SRC_RECORD_KQUEUE_NAMES_H"
        print "\n#include \"text.h\"\n"
        print "#include <mio/platform.h>\n"
        print "#include <sys/types.h>\n\n#include <sys/event.h>\n\n#include <stddef.h>\n"
        print "/* clang-format off */\n"
    }
    /^#/ || NF == 0 { next }
    /^[a-z]/ {
        end_table()
        is_notes = $1 == "notes"
        table = is_notes ? tolower($2) "_notes" : substr($1, 1, length($1) - 1) "_names"
        if (is_notes) {
            condition = ""
            for (i = 2; i <= NF; i++) {
                condition = condition (i > 2 ? " || " : "") "defined(EVFILT_" $i ")"
                filters[++count] = "EVFILT_" $i
                notes[count] = table
            }
            print "#if " condition
        }
        print "static const struct mio__name " table "[] = {"
        next
    }
    { for (i = 1; i <= NF; i++) row($i, "    {\"@\", (uint32_t)(@)},") }
    END {
        end_table()
        print "/* The notes of a filter, up to a name that is NULL. */"
        print "static const struct filter_notes {"
        print "    int filter;"
        print "    const struct mio__name *notes;"
        print "} notes_of_filters[] = {"
        for (i = 1; i <= count; i++)
            row(filters[i], "    {@, " notes[i] "},")
        print "};\n"
        print "/* clang-format on */\n"
        print "#endif"
    }' kqueue_names.txt
}

if [[ ${1:-} == --check ]]; then
    diff -u kqueue_names.h <(header) || {
        echo "src/record/kqueue_names.h is not of kqueue_names.txt: run scripts/kqueue-names.sh"
        exit 1
    }
else
    header >kqueue_names.h
fi
