#!/bin/sh
# Draws the icons of the installable app from the two drawings beside this script, with Chromium:
#   sh src/augury/web/artwork/draw.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../static/icons
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
draw() { # drawing, side in pixels, name
  printf '<!doctype html><style>*{margin:0}svg{display:block;width:%spx;height:%spx}</style>' "$2" "$2" >"$room/page.html"
  cat "$here/$1.svg" >>"$room/page.html"
  "${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --default-background-color=00000000 \
    --user-data-dir="$room/profile" --window-size="$2,$2" --screenshot="$out/$3.png" "file://$room/page.html" >/dev/null 2>&1
}
mkdir -p "$out"
cp "$here/icon.svg" "$out/icon.svg"
draw icon 192 icon-192
draw icon 512 icon-512
draw maskable 512 maskable-512
draw maskable 180 apple-touch-icon
