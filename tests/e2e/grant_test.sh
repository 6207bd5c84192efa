#!/usr/bin/env bash
# `otokura grant`: a contractor asks, a supervisor approves, the contractor hears and keeps nothing, and it ends.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
id=$(Record pbx-1 "$work/speech.wav")
other=$(Record pbx-2 "$work/speech.wav")
work_order=(--purpose maintenance --reference WORK-77)
Ask() { As contractor otokura --json grant request "$@" --hours 4 --reason "clicks on line 3" "${work_order[@]}"; }

Expect 3 "nothing by itself" As contractor otokura listen "$id" "${work_order[@]}" --output "$work/heard.wav"
Expect 1 "no id" Ask "line 3"
Says recording_ids
Expect 3 "a purpose of others" As contractor otokura grant request "$id" --hours 4 --reason clicks --purpose inquiry --reference CASE-1
Expect 3 "an operator asks" As operator otokura grant request "$id" --hours 4 --reason clicks --purpose inquiry --reference CASE-1
Expect 0 "the contractor asks" Ask "$id"
grant=$(Field id)
Is "it waits" "$(Field state)" requested
Expect 1 "one at a time" Ask "$other"
Says "one at a time"
for who in operator contractor security auditor admin; do
  Expect 3 "$who approves" As "$who" otokura grant approve "$grant"
done
Expect 0 "the supervisor looks" As supervisor otokura grant list
for text in "$grant" "clicks on line 3" WORK-77 requested "$id"; do Prints "$text"; done
Expect 0 "the supervisor approves" As supervisor otokura --json grant approve "$grant"
Is "by whom" "$(Field state) $(Field decided_by)" "active supervisor"
Expect 3 "none that waits" As supervisor otokura grant approve 0190a1b2-0000-7000-8000-000000000001
Expect 0 "the contractor hears it" As contractor otokura listen "$id" "${work_order[@]}" --output "$work/heard.wav"
cmp -s "$work/heard.wav" "$work/speech.wav" || NotSo "what it hears is what was said"
Expect 3 "and no other" As contractor otokura listen "$other" "${work_order[@]}" --output "$work/other.wav"
Expect 3 "and keeps none" As contractor otokura get "$id" "${work_order[@]}" --output "$work/kept.wav"
[[ ! -e $work/other.wav && ! -e $work/kept.wav ]] || NotSo "nothing else was written"
Expect 2 "revoked without a reason" As security otokura grant revoke "$grant"
Expect 0 "security revokes it" As security otokura grant revoke "$grant" --reason "the work is done"
Expect 3 "it is over" As contractor otokura listen "$id" "${work_order[@]}" --output "$work/again.wav"
Expect 0 "nothing waits" As contractor otokura --json grant list
Is "how many" "$(Field id | wc -l)" 0
Expect 0 "what is over" As contractor otokura --json grant list --ended
Is "how it ended" "$(Field state) $(Field ended_because)" "revoked the work is done"
Expect 0 "the contractor asks again" Ask "$other"
grant=$(Field id)
Expect 0 "the supervisor refuses" As supervisor otokura grant refuse "$grant" --reason "not that one"
Expect 0 "the contractor asks again" Ask "$other"
Expect 0 "and withdraws" As contractor otokura grant revoke "$(Field id)" --reason "found it"
Expect 0 "the log has it" As auditor otokura --json audit list --all
for text in '"GRANT_REQUEST"' '"GRANT_APPROVE"' '"GRANT_REFUSE"' '"GRANT_REVOKE"' '"GRANT_LIST"' '"approver":"p-supervisor"'; do Prints "$text"; done
StopGateway
Fsck
Conclude
