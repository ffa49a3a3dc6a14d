#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Renders guide, manual, documents and plots into build/site. With --look a browser takes
# pictures of some pages as a phone and a desk show them, into build/site-pictures.
set -euo pipefail

cd "$(dirname "$0")/.."
bash scripts/install-deps.sh site
rm -rf build/site
python3 scripts/site.py build/site
if [[ ${1:-} != --look ]]; then
    exit
fi

bash scripts/install-deps.sh look
if ! command -v chromium >/dev/null; then
    echo "no pictures: chromium is not installed"
    exit
fi
pictures=build/site-pictures
mkdir -p "$pictures"
# look NAME PAGE WIDTH HEIGHT : the frame is set, since a window cannot be as narrow as a phone.
look() {
    local frame=$pictures/frame.html
    echo "<body style='margin:0'><iframe src='../site/$2' style='border:0;width:$3px;height:$4px'></iframe>" \
        >"$frame"
    timeout 60 chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars \
        --allow-file-access-from-files --window-size="$(($3 < 500 ? 500 : $3)),$4" \
        --screenshot="$pictures/$1.png" "file://$PWD/$frame" >/dev/null 2>&1 || echo "no picture: $1"
}
for page in index.html docs/guide/first-server.html docs/guide/from-libuv.html man/mio_poll.3.html \
    docs/performance.html; do
    name=$(basename "$page" .html)
    look "$name-phone" "$page" 390 1800
    look "$name-desk" "$page" 1280 1800
done
rm -f "$pictures/frame.html"
echo "pictures: $(find "$pictures" -name '*.png' | wc -l) in $pictures"
