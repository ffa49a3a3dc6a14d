# SPDX-License-Identifier: MIT
# Fills the tables of a document from the list of facts: awk -f scripts/facts.awk LIST DOCUMENT.
#
# LIST has a row a line, its parts divided by \037 (scripts/check-facts.sh makes it of tests/facts/).
# A table of the document stands between <!-- facts: NAME --> and <!-- end of facts -->.
BEGIN {
    FS = "\037"
    systems = "freebsd netbsd openbsd dragonfly macos"
    n_systems = split(systems, system_name, " ")
    n_selectors = 2
    selector[1] = "epoll"
    selector[2] = "poll"
    for (i = 1; i <= n_systems; i++) {
        selector[++n_selectors] = "kqueue-" system_name[i]
        selector[++n_selectors] = "poll-" system_name[i]
    }
    selector[++n_selectors] = "ports"
    proper["freebsd"] = "FreeBSD"
    proper["netbsd"] = "NetBSD"
    proper["openbsd"] = "OpenBSD"
    proper["dragonfly"] = "DragonFly"
    proper["macos"] = "macOS"
}

# --- the list ---

FNR == NR && $1 == "FACT" {
    if (!($3 in n_rows)) {
        situation[++n_situations] = $3
        rule_of[$3] = $2
    }
    row = $3 SUBSEP (++n_rows[$3])
    fact_selectors[row] = $4
    fact_kernels[row] = $5
    fact_answer[row] = $6
    fact_reason[row] = $7
}
FNR == NR && $1 == "SKIPPED" {
    key = reached($3, $4) SUBSEP $5
    if (!(key in skipped_tests)) {
        skipped[++n_skipped] = key
        skipped_tests[key] = "`" $2 "`"
        skipped_where[key] = reached($3, $4)
        skipped_reason[key] = $5
    } else {
        skipped_tests[key] = skipped_tests[key] ", `" $2 "`"
    }
}
FNR == NR && $1 == "TABLE" {
    heads[$2] = $3
}
FNR == NR && ($1 == "ROW" || $1 == "SITUATION" || $1 == "SERVED") {
    line = $2 SUBSEP (++n_lines[$2])
    line_kind[line] = $1
    line_text[line] = $3
    line_more[line] = $4
}
FNR == NR {
    next
}

# --- which selectors ---

function has_word(words, wanted,    n, i, word, parts)
{
    n = split(words, parts, " ")
    for (i = 1; i <= n; i++) {
        word = parts[i]
        if (word == wanted)
            return 1
        if (word ~ /\*$/ && substr(wanted, 1, length(word) - 1) == substr(word, 1, length(word) - 1))
            return 1
    }
    return 0
}

function kernel_of(name)
{
    if (name == "ports")
        return "illumos"
    return sub(/^(kqueue|poll)-/, "", name) ? name : "linux"
}

# The number of the row that counts for a selector on its own kernel, 0 for none.
function row_of(name, where,    i)
{
    for (i = 1; i <= n_rows[name]; i++) {
        if (has_word(fact_selectors[name, i], where) &&
            has_word(fact_kernels[name, i], kernel_of(where)))
            return i
    }
    return 0
}

function answer_of(name, where,    i)
{
    if (!(name in n_rows))
        fail("no fact is called \"" name "\"")
    i = row_of(name, where)
    return i ? fact_answer[name, i] : ""
}

function fail(message)
{
    print message > "/dev/stderr"
    failed = 1
}

# Some of the five systems, by the names that the document gives them.
function name_systems(on, family, all, but, own,    i, n, list, missing)
{
    for (i = 1; i <= n_systems; i++) {
        if (on[family "-" system_name[i]]) {
            n++
            list = list (list ? ", " : "") (own ? proper[system_name[i]] : family "-" system_name[i])
        } else {
            missing = family "-" system_name[i]
        }
    }
    if (n == n_systems)
        return all
    return n == n_systems - 1 && but ? all " (not " missing ")" : list
}

function join_words(a, b)
{
    return a && b ? a ", " b : a b
}

# The selectors that are `on`, in few words.
function describe(on,    i, n, out, others, every)
{
    for (i = 1; i <= n_selectors; i++)
        n += on[selector[i]] ? 1 : 0
    if (n == n_selectors)
        return "everywhere"
    out = join_words(on["epoll"] ? "epoll" : "", name_systems(on, "kqueue", "kqueue", 1, 0))
    out = join_words(out, on["ports"] ? "ports" : "")
    every = "the BSDs and macOS"
    others = name_systems(on, "poll", every, 0, 1)
    if (on["poll"] && others == every)
        return join_words(out, "poll")
    others = join_words(on["poll"] ? "Linux" : "", others)
    return others ? join_words(out, "poll on " others) : out
}

# A kqueue that is a library is named where it is alone.
function reached(words, kernels,    i, on, out)
{
    for (i = 1; i <= n_selectors; i++)
        on[selector[i]] = has_word(words, selector[i]) && has_word(kernels, kernel_of(selector[i]))
    out = describe(on)
    return out ? out : "kqueue-library"
}

# The selectors whose answer to a fact is not 0, or is.
function where_answer(name, zero,    i, on)
{
    for (i = 1; i <= n_selectors; i++)
        on[selector[i]] = (answer_of(name, selector[i]) == "0") == zero
    return describe(on)
}

function is_like(name, a, b)
{
    return fact_answer[name, a] == fact_answer[name, b] && fact_reason[name, a] == fact_reason[name, b]
}

# The systems, where it is for the kernel alone to decide; "" where selectors of a system differ.
function describe_kernels(on,    i, n, list, missing)
{
    if (on["epoll"] != on["poll"])
        return ""
    n = on["epoll"] + on["ports"]
    list = join_words(on["epoll"] ? "Linux" : "", on["ports"] ? "illumos" : "")
    missing = on["epoll"] ? "illumos" : "Linux"
    for (i = 1; i <= n_systems; i++) {
        if (on["kqueue-" system_name[i]] != on["poll-" system_name[i]])
            return ""
        n += on["kqueue-" system_name[i]]
        if (on["kqueue-" system_name[i]])
            list = join_words(list, proper[system_name[i]])
        else
            missing = proper[system_name[i]]
    }
    if (n == n_systems + 1)
        return "everywhere but on " missing
    return n > n_systems + 1 ? "everywhere" : list
}

# The selectors for which this row counts, or another that says the same; "" for none, and when an
# earlier one has said so.
function where_row(name, number,    i, on, any, row, out)
{
    for (i = 1; i < number; i++) {
        if (is_like(name, i, number))
            return ""
    }
    for (i = 1; i <= n_selectors; i++) {
        row = row_of(name, selector[i])
        on[selector[i]] = row && is_like(name, row, number) ? 1 : 0
        any += on[selector[i]]
    }
    if (!any)
        return ""
    out = rule_of[name] == "SOCKETS" ? describe_kernels(on) : ""
    return out ? out : describe(on)
}

# --- how an answer looks ---

function readiness(answer)
{
    if (answer == "0")
        return "nothing"
    gsub(/ *\| */, " ", answer)
    return answer
}

function is_readiness(answer)
{
    return answer ~ /^(R|W|E|RC|WC)( |$)/
}

# yes and no, readiness, errors or numbers: as the answers to this fact are.
function answer_text(name, answer,    i, plain, bits)
{
    plain = 1
    for (i = 1; i <= n_rows[name]; i++) {
        bits = bits || is_readiness(fact_answer[name, i])
        plain = plain && fact_answer[name, i] ~ /^(0|1|-1)$/
    }
    if (bits)
        return readiness(answer)
    if (plain)
        return answer == "0" ? "no" : answer == "1" ? "yes" : "it may be"
    return answer ~ /^-E/ ? "`" answer "`" : answer
}

# The text with names of the kernel's and the library's as code.
function code(text,    n, i, words, out, word, tail)
{
    n = split(text, words, " ")
    for (i = 1; i <= n; i++) {
        word = words[i]
        tail = match(word, /[,:;.]+$/) ? substr(word, RSTART) : ""
        word = substr(word, 1, length(word) - length(tail))
        if (word ~ /^-?E[A-Z][A-Z][A-Z]+$/ || word ~ /^[A-Z]+_[A-Z_|]+$/ || word ~ /^E?POLL[A-Z|]+$/ ||
            word ~ /^[a-z_0-9]*_[a-z_0-9]+(\(\))?$/)
            word = "`" word "`"
        out = out (i > 1 ? " " : "") word tail
    }
    return out
}

# --- the tables ---

# Replaces what stands in braces.
function fill(text,    out, inside, at)
{
    while (match(text, /\{[^}]*\}/)) {
        inside = substr(text, RSTART + 1, RLENGTH - 2)
        out = out substr(text, 1, RSTART - 1)
        text = substr(text, RSTART + RLENGTH)
        at = index(inside, "@")
        if (at)
            out = out answer_of(substr(inside, 1, at - 1), substr(inside, at + 1))
        else if (sub(/^not /, "", inside))
            out = out where_answer(inside, 1)
        else
            out = out where_answer(inside, 0)
    }
    return out text
}

# What most of a family answer, and who does not.
function family_cell(name, family,    i, answer, count, usual, out)
{
    for (i = 1; i <= n_systems; i++) {
        answer = answer_of(name, family "-" system_name[i])
        if (++count[answer] > count[usual] || usual == "")
            usual = answer
    }
    out = readiness(usual)
    for (i = 1; i <= n_systems; i++) {
        answer = answer_of(name, family "-" system_name[i])
        if (answer != usual)
            out = out (index(out, "(") ? "; " : " (") system_name[i] ": " readiness(answer)
    }
    return index(out, "(") ? out ")" : out
}

function serves(where, wanted,    n, i, parts, has)
{
    has = " " answer_of("served_interests", where) " "
    n = split(wanted, parts, " ")
    for (i = 1; i <= n; i++) {
        if (!index(has, " " parts[i] " "))
            return "no"
    }
    return "yes"
}

function print_row(line,    i, out)
{
    if (line_kind[line] == "SITUATION") {
        out = readiness(answer_of(line_more[line], "epoll"))
        out = out " | " readiness(answer_of(line_more[line], "poll"))
        out = out " | " family_cell(line_more[line], "kqueue")
        out = out " | " family_cell(line_more[line], "poll")
        out = out " | " readiness(answer_of(line_more[line], "ports"))
    } else if (line_kind[line] == "SERVED") {
        out = serves("epoll", line_more[line]) " | " serves("poll", line_more[line])
        for (i = 1; i <= n_systems; i++)
            out = out " | " serves("kqueue-" system_name[i], line_more[line])
        out = out " | " serves("poll-freebsd", line_more[line])
        out = out " | " serves("ports", line_more[line])
    }
    print "| " fill(line_text[line]) (out ? " | " out : "") " |"
}

function print_heads(text,    n, parts)
{
    n = split(text, parts, "|")
    print "| " text " |"
    text = "|"
    while (n-- > 0)
        text = text "---|"
    print text
}

# Every answer that differs of a rule.
function print_answers(rule,    i, j, name, where, shown)
{
    print_heads("situation | answer | where | why")
    for (i = 1; i <= n_situations; i++) {
        name = situation[i]
        if (rule_of[name] != rule)
            continue
        shown = name
        for (j = 1; j <= n_rows[name]; j++) {
            where = where_row(name, j)
            if (where == "")
                continue
            print "| " shown " | " answer_text(name, fact_answer[name, j]) " | " where " | " \
                code(fact_reason[name, j]) " |"
            shown = ""
        }
    }
}

function print_table(name,    i, key)
{
    if (name ~ /^answers /) {
        print_answers(substr(name, 9))
        return
    }
    if (!(name in heads)) {
        fail("no table is called " name)
        return
    }
    print_heads(heads[name])
    for (i = 1; i <= n_lines[name]; i++)
        print_row(name SUBSEP i)
    if (name == "skipped") {
        for (i = 1; i <= n_skipped; i++) {
            key = skipped[i]
            print "| " skipped_tests[key] " | " skipped_where[key] " | " \
                code(skipped_reason[key]) " |"
        }
    }
}

# --- the document ---

/^<!-- facts: / {
    print
    name = $0
    sub(/^<!-- facts: /, "", name)
    sub(/ -->$/, "", name)
    print_table(name)
    inside = 1
}
/^<!-- end of facts -->$/ {
    inside = 0
}
!inside {
    print
}
END {
    if (inside)
        fail("the last table has no end")
    exit failed
}
