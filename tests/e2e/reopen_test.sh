#!/usr/bin/env bash
# `otokura admin log reopen`: a disk is lost and an older one restored. Two officers have the log go on as another one, which says what is gone.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-1)
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
bash "$OTOKURA_PKI" account "$work/pki" security-2 >"$said" 2>&1
bash "$OTOKURA_PKI" account "$work/pki" security-3 >"$said" 2>&1
Enrol security-2 security --person p-second
id=$(Record pbx-1 "$work/speech.wav")
person=$(As admin otokura --json admin account list | grep '"name":"security"' | grep -oE '"person":"[^"]*"' | cut -d'"' -f4)
confirmer=security-2 Enrol security-3 security --person "$person"
old_key=$(head -n 1 "$site/keys/log.vkey")
StopGateway
cp -r "$site/data" "$work/snapshot"
kept=$(sed -n 2p "$site/keys/log-checkpoint")
StartGateway
for i in $(seq 5); do As operator otokura search "${why[@]}" >"$out" 2>"$said" || NotSo "the operator searches"; done
Beyond() { As auditor otokura audit export "$work/log" --key "$old_key" >"$out" 2>"$said" && (($(sed -n 2p "$work/log/checkpoint") > kept + 3)); }
WaitUntil "the auditor has an export of more than the snapshot" Beyond
Expect 1 "nothing is lost yet" As security otokura admin log reopen "$work/log/checkpoint" --reason "by mistake"
Says "the log extends it"
StopGateway

# The disk is gone; what the backup has is older. The key store is another disk.
rm -rf "$site/data"
cp -r "$work/snapshot" "$site/data"
StartGateway
Expect 1 "nothing is heard" As operator otokura listen "$id" "${why[@]}" --output "$work/no.wav"
for who in operator supervisor contractor admin recorder auditor; do
  Expect 3 "$who reopens the log" As "$who" otokura admin log reopen "$work/log/checkpoint" --reason "it is lost"
done
sed 's/^[0-9]*$/999999/' "$work/log/checkpoint" >"$work/forged"
Expect 1 "a checkpoint that nobody signed" As security otokura admin log reopen "$work/forged" --reason "it is lost"
Says "not one of this log"
Expect 1 "no reason" As security otokura admin log reopen "$work/log/checkpoint" --reason ""
cp "$site/keys/log-checkpoint" "$work/newest"
Expect 1 "an older checkpoint than the key store's" As security otokura admin log reopen "$work/log/checkpoint" --reason "it is lost"
Says "give that one"
lost=$(sed -n 2p "$work/newest")
Expect 0 "one officer asks" As security otokura admin log reopen "$work/newest" --reason "disk of 3 May lost"
Prints "another person"
Expect 0 "the same again" As security otokura admin log reopen "$work/newest" --reason "disk of 3 May lost"
Prints "another person"
Expect 0 "her other account" As security-3 otokura admin log reopen "$work/newest" --reason "disk of 3 May lost"
Prints "another person"
Expect 0 "a second person" As security-2 otokura admin log reopen "$work/newest" --reason "seen it too"
Prints "confirmed"
Expect 1 "once" As security otokura admin log reopen "$work/newest" --reason "again"
Expect 1 "until then nothing is heard" As operator otokura listen "$id" "${why[@]}" --output "$work/no.wav"
Expect 0 "calls go in" As recorder otokura record "$work/speech.wav" --call-id pbx-2 --centre tokyo --queue pension
StopGateway

# Killed at any moment of carrying it out, it is carried out once.
for round in $(seq 12); do
  "$OTOKURAD" run --config "$work/gateway.textproto" >>"$work/events" 2>&1 </dev/null &
  pid=$!
  sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
  Dies "$pid"
done
StartGateway
key=$(head -n 1 "$site/keys/log.vkey")
[[ $key != "$old_key" && $key == *"/otokura/"*"/reopened-1+"* ]] || NotSo "the log has a new origin and key: $key"
[[ ! -e $site/keys/log.key.next ]] || NotSo "no key lies beside the one in force"
Expect 0 "it is heard again" As operator otokura listen "$id" "${why[@]}" --output "$work/heard.wav"
Expect 0 "what was taken in meanwhile too" As supervisor otokura --json search "${why[@]}"
Expect 0 "the log says so" As security otokura --json audit list --action log-reopened
(($(grep -c LOG_REOPENED "$out") == 1)) || NotSo "once"
Prints "$old_key lost at $lost entries"
Newer() { As auditor otokura audit export "$work/new-log" --key "$key" >"$out" 2>"$said"; }
WaitUntil "the new log is exported" Newer
Expect 0 "it is whole" "$OTOKURA" audit verify "$work/new-log" --key "$key"
Expect 5 "it is not the old one" "$OTOKURA" audit verify "$work/new-log" --key "$old_key"
Expect 0 "the old one, as exported, still is" "$OTOKURA" audit verify "$work/log" --key "$old_key"
StopGateway
Fsck
StartGateway
Expect 0 "and stays so" As operator otokura listen "$id" "${why[@]}" --output "$work/heard-again.wav"
StopGateway
Conclude
