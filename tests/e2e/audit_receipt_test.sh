#!/usr/bin/env bash
# `otokura audit receipt|verify-receipt`: what was done with one call, given to the caller, who checks it with the log's public key alone.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-4711)
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
id=$(Record pbx-1 "$work/speech.wav")
other=$(Record pbx-2 "$work/speech.wav")
key=$(<"$site/keys/log.vkey")
As operator otokura listen "$id" "${why[@]}" >"$work/heard.wav" 2>"$said" || NotSo "the operator listens"
Expect 3 "the contractor may not" As contractor otokura listen "$id" --purpose maintenance --reference CASE-4711
Expect 0 "the operator hears the other" As operator otokura listen "$other" "${why[@]}" --output "$work/other.wav"

for who in operator supervisor contractor admin recorder; do
  Expect 3 "$who makes a receipt" As "$who" otokura audit receipt --recording "$id" --out "$work/stolen"
done
[[ ! -e $work/stolen ]] || NotSo "no receipt was written"
Expect 3 "of no recording" As auditor otokura audit receipt --recording 01977420-dc00-7abc-8def-0123456789ab

Expect 0 "the auditor makes one" As auditor otokura audit receipt --recording "$id" --out "$work/call.receipt"
Is "its format" "$(head -n 1 "$work/call.receipt")" "otokura/receipt@v1"
Expect 0 "the caller checks it" "$OTOKURA" audit verify-receipt "$work/call.receipt" --key "$key"
Prints "Recording $id"
Prints "operator"
Prints "began to listen to the call"
Prints "inquiry"
Prints "bytes"
Prints "contractor"
Prints "was refused to listen to the call"
Prints "receipt holds:"
Expect 0 "so does a program" "$OTOKURA" --json audit verify-receipt "$work/call.receipt" --key "$key"
Is "accesses have no hole" "$(Field access_number | tr '\n' ' ')" "$(seq "$(Field access_number | wc -l)" | tr '\n' ' ')"
base64 -d <(sed -n 's/^entry [0-9]* //p' "$work/call.receipt") >"$work/leaves" 2>/dev/null
! cat "$work/leaves" "$work/call.receipt" "$out" | grep -qaE 'CASE-4711|agent-7|p-operator|pbx-1' || NotSo "nothing that was typed or names a person is in it"

# The next one shows the one before, and holds as well.
Expect 0 "to standard output" As security otokura audit receipt --recording "$id"
cp "$out" "$work/next.receipt"
Expect 0 "which holds" "$OTOKURA" audit verify-receipt "$work/next.receipt" --key "$key"
Prints "made a receipt such as this"
Expect 0 "and so does the older one" "$OTOKURA" audit verify-receipt "$work/call.receipt" --key "$key"

# Bent.
Expect 2 "no key" "$OTOKURA" audit verify-receipt "$work/call.receipt"
Expect 1 "a key that is none" "$OTOKURA" audit verify-receipt "$work/call.receipt" --key nonsense
Expect 1 "no receipt" "$OTOKURA" audit verify-receipt "$work/speech.wav" --key "$key"
awk -v RS= -v ORS='\n\n' 'NR != 3' "$work/call.receipt" | sed '$d' >"$work/bent"
Expect 5 "an entry left out" "$OTOKURA" audit verify-receipt "$work/bent" --key "$key"
Says "access 2 "
Says "are missing"
Expect 0 "a receipt of the other call" As auditor otokura audit receipt --recording "$other" --out "$work/other.receipt"
sed "s/^recording .*/recording $id/" "$work/other.receipt" >"$work/bent"
Expect 5 "passed off as one of this" "$OTOKURA" audit verify-receipt "$work/bent" --key "$key"
Says "is about another recording"
StopGateway
Fsck
Conclude
