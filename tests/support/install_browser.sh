#!/usr/bin/env bash
# A Chromium for the tests of the report: the one that is there, else Debian's, else a word on what is missing.
# In CI a missing one is a fault; elsewhere those tests are skipped.
set -euo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then exit 0; fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing chromium for the tests of the report (about half a minute)"
  log=$(mktemp)
  if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >"$log" 2>&1; then
    rm -f "$log"
    exit 0
  fi
  tail -n 5 "$log" >&2
fi

echo "no Chromium: the report is not tested in a browser; install one, for instance: apt-get install chromium" >&2
[ -z "${CI:-}" ]
