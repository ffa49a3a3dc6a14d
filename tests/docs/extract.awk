# SPDX-License-Identifier: MIT
# Takes the code out of pages: awk -v out=FOLDER -f extract.awk PAGE...
# A page is Markdown, where a block of ``` has its mark on the line before:
#
#   <!-- program NAME key=value... -->   a whole program, in FOLDER/NAME.c (or .rs)
#   <!-- output NAME -->                 what it prints, in FOLDER/NAME.expected
#   <!-- fragment -->                    statements
#   <!-- declarations -->                what stands outside of functions
#   <!-- fragment other -->              C that is not for libmio, and is not compiled
#
# or mdoc, where .Bd ... .Ed has its mark before it, as .\" program NAME and so on. All fragments become
# one file, FOLDER/fragments.c, and declarations FOLDER/declarations-N.c, since their names may
# clash. FOLDER/programs has a line for each program: its name, then its keys.

function complain(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text >"/dev/stderr"
    failed = 1
}

function place() {
    return sprintf("#line %d \"%s\"\n", FNR + 1, FILENAME)
}

# What the code of a block begins with, and where it goes.
function begin(words,    kind, name) {
    kind = words[1]
    name = words[2]
    text = ""
    target = ""
    if (kind == "program") {
        target = out "/" name (language == "rust" ? ".rs" : ".c")
        if (!(target in seen)) {
            line = name " language=" language
            for (i = 3; i in words; i++)
                line = line " " words[i]
            print line >(out "/programs")
        }
    } else if (kind == "output") {
        target = out "/" name ".expected"
    } else if (kind == "fragment" && name == "") {
        target = "fragment"
        text = place()
    } else if (kind == "declarations") {
        target = sprintf("%s/declarations-%d.c", out, ++declarations)
        text = "#include \"fragment.h\"\n" place()
    } else if (kind != "fragment") {
        complain("a block without its mark, or with an unknown one: " mark)
    }
    inside = 1
}

function end() {
    inside = 0
    mark = ""
    if (target == "fragment") {
        printf "int fragment_%d(void);\nint fragment_%d(void)\n{\nfor (;;) {\n%s}\n}\n", ++fragments,
            fragments, text >(out "/fragments.c")
    } else if (target in seen) {
        if (seen[target] != text)
            complain("another text than the one that this program has elsewhere: " target)
    } else if (target != "") {
        seen[target] = text
        printf "%s", text >target
        close(target)
    }
}

function take_mark(line) {
    sub(/^(<!--|\.\\") /, "", line)
    sub(/ -->$/, "", line)
    mark = line
}

BEGIN {
    print "#include \"fragment.h\"" >(out "/fragments.c")
}

FNR == 1 {
    if (inside)
        complain("the page before ends within a block")
    inside = 0
    mark = ""
    is_mdoc = FILENAME ~ /\.[0-9]$/
}

is_mdoc && /^\.\\" (program|output|fragment|declarations)/ { take_mark($0); next }
is_mdoc && /^\.Bd/ {
    if (mark == "") {
        if ($0 ~ /-literal/)
            complain("a display of code without its mark")
        next
    }
    language = "c"
    split("", words)
    split(mark, words, " ")
    begin(words)
    next
}
is_mdoc && /^\.Ed/ {
    if (inside)
        end()
    next
}
is_mdoc && inside {
    gsub(/\\&/, "")
    gsub(/\\e/, "\\")
    text = text $0 "\n"
    next
}
is_mdoc { next }

/^<!-- (program|output|fragment|declarations)/ { take_mark($0); next }
/^```/ && !inside {
    language = substr($0, 4)
    if (language == "c" || language == "rust" || mark != "") {
        split("", words)
        split(mark, words, " ")
        begin(words)
    } else {
        target = ""
        text = ""
        inside = 1
    }
    next
}
/^```/ { end(); next }
inside { text = text $0 "\n" }

END { exit failed }
