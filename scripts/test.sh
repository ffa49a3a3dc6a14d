#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the tests of a preset that is built: test.sh PRESET [CTEST-OPTION...]. Tells of those that
# fail and how far it is; what was skipped is counted, and ctest's summary comes last. All that
# ctest says is in build/PRESET.test.log.
#
# A test that has not ended in its time is tried once more, and said to have been: a machine that
# stood still is no fault of the test. One that fails is not.
set -euo pipefail

cd "$(dirname "$0")/.."
preset=${1:?a preset}
shift
log=build/$preset.test.log

tell() {
    awk '
        /tests passed, / { summary = $0; next }
        /^The following tests did not run:/ { listing_skips = 1; next }
        listing_skips && /\((Skipped|Disabled)\)$/ { skipped++; next }
        /^ *Start +[0-9]+: / { next }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .*(Passed|\*\*\*Skipped)/ {
            if (++done % 250 == 0) {
                print $1
                fflush()
            }
            showing = 0
            next
        }
        # A test that was skipped says why, and so does one that fails.
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / { showing = 1; done++ }
        /^[0-9]+% |^The following tests FAILED:|^Label Time Summary:|^Total Test time/ { showing = 1 }
        /^$/ && !showing { next }
        showing || /^(Test project|Errors|CMake Error|No tests)/
        END {
            if (skipped > 0)
                printf "%d skipped: another system, or a program that is not here\n", skipped
            if (summary != "")
                print summary
        }'
}

ctest --preset "$preset" --repeat after-timeout:2 "$@" 2>&1 | tee "$log" | tell
