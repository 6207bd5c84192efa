#!/usr/bin/env bash
# `otokura witness` beside a gateway whose configuration makes it mandatory: killed, brought back, and asked by a site that was set back whole.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-1)
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
id=$(Record pbx-1 "$work/speech.wav")
Expect 0 "the auditor asks for the log's key" As auditor otokura audit key
key=$(<"$out")

# A witness is made, and knows one log.
Expect 0 "a witness is made" "$OTOKURA" witness init "$work/witness" --name witness.example/w1
witness_key=$(<"$out")
Expect 1 "no second key is made over the first" "$OTOKURA" witness init "$work/witness" --name witness.example/w2
Expect 0 "it prints its key again" "$OTOKURA" witness key "$work/witness"
Is "the same" "$witness_key" "$(<"$out")"
Expect 1 "a witness that knows no log does not run" "$OTOKURA" witness run "$work/witness" --listen 127.0.0.1:0
Says "add-log"
Expect 1 "a key that is none" "$OTOKURA" witness add-log "$work/witness" nonsense
Expect 0 "the log is made known" "$OTOKURA" witness add-log "$work/witness" "$key"
Expect 1 "once" "$OTOKURA" witness add-log "$work/witness" "$key"

listen=127.0.0.1:0
StartWitness() {
  : >"$work/witness-out"
  "$OTOKURA" witness run "$work/witness" --listen "$listen" >"$work/witness-out" 2>&1 </dev/null &
  witness=$!
  WaitUntil "the witness listens" grep -q "witness listens on" "$work/witness-out" || Fatal "no witness"
  listen=$(sed -n 's/^witness listens on //p' "$work/witness-out")
}
StartWitness
Expect 1 "no second one runs from its folder" "$OTOKURA" witness run "$work/witness" --listen 127.0.0.1:0
Says "in use by another witness"

StopGateway
cat >>"$work/gateway.textproto" <<END
log {
  checkpoint_interval_ms: 100 anchor_lag_seconds: 2
  anchors { name: "w1" mandatory: true timeout_ms: 500 witness { url: "http://$listen" verifier_key: "$witness_key" } }
  anchors { name: "out" file { path: "$work/out.jsonl" entries: true } }
}
END
Expect 0 "such a configuration is fine" "$OTOKURAD" check-config --config "$work/gateway.textproto"
StartGateway
Heard() { As operator otokura listen "$id" "${why[@]}" >"$work/heard.wav" 2>"$said"; }
NotHeard() { ! Heard; }
WaitUntil "the operator hears" Heard

# Exported with the witness's word, and checked with its key.
Exported() { As auditor otokura audit export "$work/log" --key "$key" --cosigned >"$out" 2>"$said"; }
WaitUntil "the auditor exports what is cosigned" Exported
Expect 0 "it is whole, and the witness says so" "$OTOKURA" audit verify "$work/log" --key "$key" --witness "$witness_key"
Expect 0 "another witness is made" "$OTOKURA" witness init "$work/other" --name witness.example/w1
Expect 5 "which did not cosign" "$OTOKURA" audit verify "$work/log" --key "$key" --witness "$(<"$out")"

# The witness dies, again and again, and is right each time.
for round in 1 2 3; do
  Dies "$witness"
  WaitUntil "nothing is heard without it" NotHeard
  Says "mandatory anchor w1"
  Expect 0 "calls go in" As recorder otokura record "$work/speech.wav" --call-id "pbx-without-$round" --centre tokyo --queue pension
  StartWitness
  WaitUntil "the operator hears again" Heard
done
Expect 0 "the log tells of no contradiction" As security otokura --json audit list --action anchor-contradicts
! grep -q ANCHOR_CONTRADICTS "$out" || NotSo "a witness that died forgot something"
grep -q '"operation":"LISTEN"' "$work/out.jsonl" || NotSo "entries stream into the file"
! grep -qE 'p-operator|CASE-1|agent-7' "$work/out.jsonl" || NotSo "the file names nobody"

# Data and keys set back together.
StopGateway
cp -r "$site" "$work/snapshot"
StartGateway
WaitUntil "the operator hears" Heard
StopGateway
mv "$site" "$work/newest"
cp -r "$work/snapshot" "$site"
StartGateway
Contradicted() { NotHeard && grep -q "contradicts it" "$said"; }
for i in $(seq 5); do NotHeard || NotSo "a site that was set back releases"; done
WaitUntil "the gateway says why" Contradicted
Expect 0 "calls go in" As recorder otokura record "$work/speech.wav" --call-id pbx-back --centre tokyo --queue pension
Expect 0 "security sees it" As security otokura --json audit list --action anchor-contradicts
Prints ANCHOR_CONTRADICTS
StopGateway
rm -rf "$site"
mv "$work/newest" "$site"
StartGateway
WaitUntil "the newest brought back, all is well" Heard

# The log's key hands over to a new one, and the witness, which knows only the old one, is told with an export as the proof.
StopGateway
Expect 0 "the log gets a new key" "$OTOKURAD" log-key hand-over --config "$work/gateway.textproto"
StartGateway
for i in $(seq 5); do NotHeard || NotSo "releases go on without the witness"; done
Expect 0 "the auditor's export follows from the old key" As auditor otokura audit export "$work/log" --key "$key"
Expect 1 "a witness that runs is not told" "$OTOKURA" witness follow-key "$work/witness" "$work/log"
kill -TERM "$witness"
wait "$witness" || NotSo "the witness stops in order"
Expect 0 "the witness follows" "$OTOKURA" witness follow-key "$work/witness" "$work/log"
StartWitness
WaitUntil "the operator hears again" Heard
kill -TERM "$witness"
wait "$witness" || NotSo "the witness stops in order"
StopGateway
Fsck
Conclude
