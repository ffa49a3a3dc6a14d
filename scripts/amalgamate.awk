# SPDX-License-Identifier: MIT
# Writes sources and headers with what they include from this project put in the place of the #include.
#
#   awk -v known=mio.h -f amalgamate.awk FILE...
#
# A header comes once: where it is included again, under the conditions that held when it was written
# or more of them, nothing is written. Where it was written under an #if that does not hold here, it
# is written again, and its own guard keeps it from counting twice. Headers in include/ stay an
# #include of `known`, which the caller writes first; without `known` they are written out too.
# Works in the project's folder.

function directory_of(path)
{
    sub(/\/[^\/]*$/, "", path)
    return path
}

# a/b/../c is a/c
function simple(path)
{
    while (match(path, /[^\/]+\/\.\.\//))
        path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
    return path
}

# The project's file that a line includes, or nothing.
function included(line, path,    name)
{
    if (line !~ /^#[ \t]*include[ \t]+["<]/)
        return ""
    name = line
    sub(/^#[ \t]*include[ \t]+["<]/, "", name)
    sub(/[">].*/, "", name)
    if (line ~ /"/)
        return simple(directory_of(path) "/" name)
    return name == "mio.h" || name ~ /^mio\// ? "include/" name : ""
}

# Whether the header is there already, wherever these conditions hold.
function is_written(file, conditions,    i)
{
    for (i = 1; i <= written[file]; i++) {
        if (substr(conditions, 1, length(under[file, i])) == under[file, i])
            return 1
    }
    return 0
}

function include(file, conditions)
{
    if (known != "" && file ~ /^include\//)
        return
    if (is_written(file, conditions))
        return
    under[file, ++written[file]] = conditions
    write(file, conditions)
}

# Conditions are a text that grows to the right, one piece for each #if that is open.
function write(file, conditions,    line, depth, pieces, header, all)
{
    printf "\n/* --- %s --- */\n", file
    depth = 0
    pieces[0] = conditions
    while ((getline line < file) > 0) {
        header = included(line, file)
        if (header != "") {
            include(header, pieces[depth])
            continue
        }
        if (line ~ /^\/\* SPDX-[^:]*: [A-Za-z0-9.-]+ \*\/$/)
            continue
        if (line ~ /^#[ \t]*if/) {
            # A header's own guard is no condition.
            all = line ~ /^#ifndef MIO_[A-Z0-9_]*_H$/ ? "" : line "\n"
            pieces[depth + 1] = pieces[depth] all
            depth++
        } else if (line ~ /^#[ \t]*el/) {
            pieces[depth] = pieces[depth] line "\n"
        } else if (line ~ /^#[ \t]*endif/) {
            depth--
        }
        print line
    }
    close(file)
}

BEGIN {
    for (i = 1; i < ARGC; i++)
        include(ARGV[i], "")
    exit
}
