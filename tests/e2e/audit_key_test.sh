#!/usr/bin/env bash
# `otokurad log-key hand-over`: a new key for the log, and auditors who hold the first one follow by themselves.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
id=$(Record pbx-1 "$work/speech.wav")
first=$(<"$site/keys/log.vkey")
Expect 0 "exported before" As auditor otokura audit export "$work/log" --key "$first"
cp "$work/log/checkpoint" "$work/older"
Expect 1 "not under a running gateway" "$OTOKURAD" log-key hand-over --config "$work/gateway.textproto"
Is "the key is the old one" "$(<"$site/keys/log.vkey")" "$first"
StopGateway
Expect 0 "handed over" "$OTOKURAD" log-key hand-over --config "$work/gateway.textproto"
newest=$(<"$site/keys/log.vkey")
Prints "$newest"
[[ $newest != "$first" ]] || NotSo "the key is a new one"
Fsck
StartGateway

Expect 0 "the chain of keys" As auditor otokura audit key
Is "oldest first" "$(<"$out")" "$first
$newest"
Expect 0 "heard as before" As operator otokura listen "$id" --purpose inquiry --reference CASE-1 --output "$work/heard.wav"
Expect 0 "the export goes on, with the first key" As auditor otokura audit export "$work/log" --key "$first"
cmp -s "$work/log/checkpoint" "$work/older" && NotSo "it has a newer checkpoint"
for key in "$first" "$newest"; do
  Expect 0 "verified offline" "$OTOKURA" audit verify "$work/log" --key "$key"
  Prints "log whole"
  Expect 0 "and live" As auditor otokura audit verify --live --key "$key"
done
Expect 0 "what was kept from before" "$OTOKURA" audit verify "$work/log" --key "$first" --since "$work/older"
Prints "the newest is $newest"
Expect 0 "reported with the first key" As auditor otokura audit report --recording "$id" --key "$first"
Prints "WHOLE: verified"
Expect 0 "a proof of now" As auditor otokura audit prove 3
cp "$out" "$work/3.tlog-proof"
Expect 3 "with the first key alone" "$OTOKURA" audit verify-proof "$work/3.tlog-proof" --key "$first"
Expect 0 "with the hand-overs" "$OTOKURA" audit verify-proof "$work/3.tlog-proof" --key "$first" --hand-overs "$work/log"
Expect 0 "a receipt of now" As auditor otokura audit receipt --recording "$id" --out "$work/call.receipt"
Expect 0 "with the hand-overs" "$OTOKURA" audit verify-receipt "$work/call.receipt" --key "$first" --hand-overs "$work/log"
Expect 0 "that the log only grew" As auditor otokura audit prove --consistency "$work/older"
cp "$out" "$work/since.proof"
Expect 0 "over the hand-over" "$OTOKURA" audit verify-proof "$work/since.proof" --key "$first" --hand-overs "$work/log"

# Without the hand-over, and with one that was changed.
cp -r "$work/log" "$work/bent"
rm "$work/bent/hand-over/1"
Expect 5 "a hand-over that is gone" "$OTOKURA" audit verify "$work/bent" --key "$first"
sed '2s/.*/3/' "$work/log/hand-over/1" >"$work/bent/hand-over/1"
Expect 5 "one that was changed" "$OTOKURA" audit verify "$work/bent" --key "$first"
StopGateway
Fsck
Conclude
