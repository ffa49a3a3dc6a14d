#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the tests of a preset that is built: test.sh PRESET [CTEST-OPTION...]. Tells of those that
# fail and how far it is, what was skipped for which reason, and how many tests there were; ctest's
# summary comes last. All that ctest says is in build/PRESET.test.log, and what the tests say in
# build/PRESET/Testing/Temporary/LastTest.log.
#
# A ctest that has not ended in its time is tried once more, and said to have been: a machine that
# stood still is no fault of the test. One that fails is not.
set -euo pipefail

cd "$(dirname "$0")/.."
preset=${1:?a preset}
shift
log=build/$preset.test.log
said=build/$preset/Testing/Temporary/LastTest.log

tell() {
    awk '
        /tests passed, / { next }
        /^The following tests did not run:/ { listing_skips = 1; next }
        listing_skips && /\((Skipped|Disabled)\)$/ { next }
        /^ *Start +[0-9]+: / { next }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: .*(Passed|\*\*\*Skipped)/ {
            if (++done % 100 == 0) {
                print $1
                fflush()
            }
            showing = 0
            next
        }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / { showing = 1; done++ }
        /^[0-9]+% |^The following tests FAILED:|^Label Time Summary:|^Total Test time/ { showing = 1 }
        /^$/ && !showing { next }
        showing || /^(Test project|Errors|CMake Error|No tests)/'
}

outcome=0
ctest --preset "$preset" --repeat after-timeout:2 "$@" 2>&1 | tee "$log" | tell || outcome=$?
awk -f scripts/tests.awk "$said"
grep 'tests passed, ' "$log" || true
exit "$outcome"
