# SPDX-License-Identifier: MIT
# What the tests within ctests say, a line each in ctest's LastTest.log ("ok   NAME", "FAIL NAME" or
# "skip NAME: why"; "skip: why" where a process ended with it): the reasons of those skipped,
# counted, and how many there were.
/^ok   [a-z]/ { passed++ }
/^FAIL [a-z]/ { failed++ }
/^skip[ :]/ {
    skipped++
    sub(/^skip[^:]*: /, "")
    why[$0]++
}
END {
    for (reason in why)
        printf "%6d skipped: %s\n", why[reason], reason | "sort -rn"
    close("sort -rn")
    printf "%d tests: %d passed, %d failed, %d skipped\n", passed + failed + skipped, passed,
        failed, skipped
}
