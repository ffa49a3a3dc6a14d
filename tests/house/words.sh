#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Words that only this code would know have given way to those of the field (CONTRIBUTING.md), and
# do not come back.
set -euo pipefail

cd "$(dirname "$0")/../.."
old='\b(birth|births|attentive|sift|sifts|sifted|joint one-shot|joint_oneshot|raw door'
old+='|land a flight|flight|judge_all|conclude_[a-z]+|[a-z_]+_conclude|is_late|pay_attention)\b'
if grep -rnE --include='*.[ch]' --include='*.md' --include='*.sh' "$old" src include docs tests fuzz \
    examples scripts README.md CONTRIBUTING.md | grep -v '^tests/house/words.sh:'; then
    exit 1
fi
