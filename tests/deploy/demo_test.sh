#!/usr/bin/env bash
# The demo holds on this build, and leaves nothing behind: no folder, no gateway.
set -uo pipefail
demo=${OTOKURA_SOURCE_DIR:?}/deploy/demo
TMPDIR=$(mktemp -d) && export TMPDIR && trap 'rm -rf "$TMPDIR"' EXIT

"$demo" || exit 1
left=$(ls -A "$TMPDIR")
[[ -z $left ]] || { echo "the demo left behind: $left"; exit 1; }
for process in /proc/[0-9]*; do
  [[ $(readlink "$process/exe") != "$TMPDIR"/* ]] || { echo "the demo left a gateway running: ${process#/proc/}"; exit 1; }
done
