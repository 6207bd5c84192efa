#!/usr/bin/env bash
# `otokura audit key|export|verify|prove|verify-proof`: the log checked by somebody who has the public key and need not trust the gateway. And a data
# folder that was put back: calls go in, nothing comes out.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-1)
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
id=$(Record pbx-1 "$work/speech.wav")

Expect 0 "the auditor asks for the log's key" As auditor otokura audit key
key=$(<"$out")
Is "the key that init left" "$key" "$(<"$site/keys/log.vkey")"
for who in operator supervisor contractor admin recorder; do
  Expect 3 "$who asks for the log's key" As "$who" otokura audit key
  Expect 3 "$who exports the log" As "$who" otokura audit export "$work/stolen"
  Expect 3 "$who proves an entry" As "$who" otokura audit prove 0
done
[[ ! -e $work/stolen/checkpoint ]] || NotSo "nothing was exported"

# Exported, verified, extended.
Expect 0 "the auditor exports the log" As auditor otokura audit export "$work/log" --key "$key"
first=$(sed -n 2p "$work/log/checkpoint")
cp "$work/log/checkpoint" "$work/older"
Expect 0 "and verifies it, offline" "$OTOKURA" audit verify "$work/log" --key "$key"
Prints "log whole: $first entries"
As operator otokura listen "$id" "${why[@]}" >"$work/heard.wav" 2>"$said" || NotSo "the operator listens"
for i in $(seq 40); do As operator otokura search "${why[@]}" >"$out" 2>"$said" || NotSo "the operator searches"; done
Newer() { As auditor otokura --json audit export "$work/log" --key "$key" >"$out" 2>"$said" && (($(Field entries) > first + 80)); }
WaitUntil "a later checkpoint covers it" Newer
Expect 0 "extended, it is whole" "$OTOKURA" --json audit verify "$work/log" --key "$key" --since "$work/older"
Prints '"whole":true'
Expect 0 "so is the live one" As auditor otokura audit verify --live --key "$key" --since "$work/older"
Prints "log whole:"
Expect 0 "security sees who, from where, why" As security otokura audit export "$work/opened" --key "$key" --details "$work/details"
grep -q '"account":"operator"' "$work/details" && grep -q '"reference":"CASE-1"' "$work/details" || NotSo "details are opened"
! grep -rqaE 'CASE-1|agent-7|p-operator' "$work/log" || NotSo "leaves hold nothing that was typed or names a person"

# Tampered with.
Expect 2 "verify needs a key" "$OTOKURA" audit verify "$work/log"
Expect 1 "a key that is none" "$OTOKURA" audit verify "$work/log" --key nonsense
cp -r "$work/log" "$work/bent"
bundle=$work/bent/tile/entries/000.p/$(sed -n 2p "$work/bent/checkpoint")
printf '\x7f' | dd of="$bundle" bs=1 seek=40 conv=notrunc 2>/dev/null
Expect 5 "a changed byte" "$OTOKURA" audit verify "$work/bent" --key "$key"
Prints "the first bad entry is 0"
# An older, whole copy passes by itself, and is found by a newer checkpoint.
Expect 0 "an older copy" As auditor otokura audit export "$work/now" --key "$key"
Expect 5 "is older than what is known" "$OTOKURA" audit verify "$work/log" --key "$key" --since "$work/now/checkpoint"
Says_or_prints() { grep -qF -- "$1" "$out" "$said" || NotSo "'$1'"; }
Says_or_prints "are gone"

# Proofs that stand alone.
Expect 0 "an entry is proven" As auditor otokura audit prove 3
cp "$out" "$work/3.tlog-proof"
Is "its format" "$(head -n 1 "$work/3.tlog-proof")" "c2sp.org/tlog-proof@v1"
Expect 0 "checked on another machine" "$OTOKURA" audit verify-proof "$work/3.tlog-proof" --key "$key"
Prints "proven: entry 3 of"
sed 's/^index 3$/index 4/' "$work/3.tlog-proof" >"$work/bent.tlog-proof"
Expect 5 "another index" "$OTOKURA" audit verify-proof "$work/bent.tlog-proof" --key "$key"
Expect 1 "an entry that is not there" As auditor otokura audit prove 1000000
Expect 0 "the log only grew" As auditor otokura audit prove --consistency "$work/older"
cp "$out" "$work/since.proof"
Expect 0 "checked on another machine" "$OTOKURA" audit verify-proof "$work/since.proof" --key "$key"
Prints "begins with the $first of the older checkpoint"
awk 'NR == 3 { next } { print }' "$work/since.proof" >"$work/bent.proof"
Expect 5 "a hash left out" "$OTOKURA" audit verify-proof "$work/bent.proof" --key "$key"
Expect 1 "no checkpoint" As auditor otokura audit prove --consistency "$work/speech.wav"
Expect 2 "both at once" As auditor otokura audit prove 3 --consistency "$work/older"
Expect 2 "neither" As auditor otokura audit prove
Expect 3 "an operator" As operator otokura audit prove --consistency "$work/older"
Expect 0 "the log tells of all this" As auditor otokura --json audit list --all
for text in '"AUDIT_EXPORT"' '"AUDIT_PROOF"'; do Prints "$text"; done

# The data folder of an hour ago, put back under the gateway, with the keys of now.
StopGateway
Fsck
cp -r "$site/data" "$work/snapshot"
StartGateway
for i in $(seq 5); do As operator otokura search "${why[@]}" >"$out" 2>"$said" || NotSo "the operator searches"; done
StopGateway
mv "$site/data" "$work/newest"
cp -r "$work/snapshot" "$site/data"
StartGateway
Expect 1 "nothing is heard" As operator otokura listen "$id" "${why[@]}" --output "$work/no.wav"
Says "an older state of it was put back"
Expect 1 "nothing is found" As operator otokura search "${why[@]}"
Expect 1 "nothing is downloaded" As supervisor otokura get "$id" --output "$work/no.wav" "${why[@]}"
[[ ! -e $work/no.wav ]] || NotSo "nothing was released"
Expect 1 "nothing is signed" As auditor otokura audit export "$work/log" --key "$key"
Expect 0 "calls go in" As recorder otokura record "$work/speech.wav" --call-id pbx-2 --centre tokyo --queue pension
Expect 0 "security can look into it" As security otokura --json audit list
Prints '"log-unproven"'
grep -q '"event":"log-not-trusted"' "$work/events" || NotSo "the gateway tells its operator"
StopGateway
Expect 4 "fsck tells too" "$OTOKURAD" fsck --config "$work/gateway.textproto"
Prints "checkpoint in the key store"
rm -rf "$site/data"
mv "$work/newest" "$site/data"
StartGateway
Expect 0 "the newest data folder brought back, all is well" As operator otokura listen "$id" "${why[@]}" --output "$work/heard-again.wav"
Same "what is heard" "$work/heard.wav" "$work/heard-again.wav"
StopGateway
Fsck
Conclude
