#!/usr/bin/env bash
# The binaries that are shipped carry the hardening that the build promises; a flag lost in a CMake change shows here.
set -uo pipefail
failures=0

Missing() { echo "$(basename "$binary"): no $1"; failures=$((failures + 1)); }
Has() { grep -qE "$2" <<<"$1"; }

for binary in "${OTOKURAD:?}" "${OTOKURA:?}"; do
  headers=$(readelf -hlW "$binary") dynamic=$(readelf -dW "$binary") symbols=$(readelf --dyn-syms -W "$binary")
  Has "$headers" 'Type: +DYN' || Missing "position-independent executable"
  Has "$headers" 'GNU_RELRO' || Missing "read-only relocations"
  Has "$dynamic" 'BIND_NOW|FLAGS.*NOW' || Missing "immediate binding (full RELRO)"
  Has "$headers" 'GNU_STACK .* RW +' || Missing "non-executable stack"
  Has "$symbols" '__stack_chk_fail' || Missing "stack protector"
  Has "$symbols" '__[a-z]+_chk(@|$| )' || Missing "fortified library calls"
  ! Has "$dynamic" 'RPATH|RUNPATH' || echo "note: $(basename "$binary") has a run path; cmake --install strips it"
done
((failures == 0)) || exit 1
