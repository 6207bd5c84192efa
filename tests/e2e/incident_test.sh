#!/usr/bin/env bash
# `otokura incident` and `otokura admin canary`: an account tries ids, another touches bait, and people look after it.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-1)
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
id=$(Record pbx-1 "$work/speech.wav")

Expect 0 "nothing yet" As security otokura incident list
Says "nobody is told of incidents"
Is "lines" "$(wc -l <"$out")" 1
Expect 3 "an operator lists" As operator otokura incident list

# The auditor's key tries recordings that are not there.
for ((i = 0; i <= 20; i++)); do
  As auditor otokura audit receipt --recording "$(printf '0190a1b2-0000-7000-8000-%012d' "$i")" --out "$work/receipt" >"$out" 2>"$said"
done
Suspended() { As security otokura --json incident list >"$out" 2>"$said" && grep -q '"accounts":\["auditor"\]' "$out"; }
WaitUntil "an incident opens" Suspended
incident=$(Field incident)
Expect 3 "the auditor is suspended" As auditor otokura audit list
Says "suspended"
Expect 0 "security looks" As security otokura incident show "$incident"
Prints "enumeration"
Prints "auditor"
Prints "yes"
Expect 0 "as JSON" As security otokura --json incident show "$incident"
Prints '"alarm":"enumeration"'
Expect 1 "no id" As security otokura incident show nonsense
Says "32 hexadecimal digits"
Expect 3 "no such one" As security otokura incident show 00000000000000000000000000000000
Expect 2 "without a note" As security otokura incident ack "$incident"

# Bait: the same host, so the same incident.
Expect 3 "an operator marks" As operator otokura admin canary mark "$id"
Expect 0 "security marks" As security otokura admin canary mark "$id"
Prints "$id"
Expect 1 "again" As security otokura admin canary mark "$id"
Expect 0 "the list" As security otokura --json admin canary list
Is "the one" "$(Field recording_id)" "$id"
As operator otokura listen "$id" --output "$work/heard" "${why[@]}" >"$out" 2>"$said"
Joined() { As security otokura --json incident show "$incident" >"$out" 2>"$said" && grep -q '"alarm":"canary"' "$out"; }
WaitUntil "the touch is joined" Joined
Is "level" "$(Field level)" 2
Expect 0 "the operator is none the wiser" As operator otokura search
Expect 0 "security clears" As security otokura admin canary clear "$id"
Expect 3 "again" As security otokura admin canary clear "$id"

# Looked after.
Expect 3 "an operator acknowledges" As operator otokura incident ack "$incident" --note "it was me"
Expect 0 "security acknowledges" As security otokura incident ack "$incident" --note "calling them"
Prints "note: calling them"
Expect 0 "the report" As security otokura incident report "$incident"
Prints "article 26"
Prints "1. Outline"
Prints "enumeration by account auditor (role auditor)"
Prints "Suspended now: auditor."
Prints "Unknown to the gateway; to be filled in."
Expect 0 "its facts" As security otokura --json incident report "$incident"
Prints '"recordings_heard":'
Expect 0 "security closes" As security otokura incident close "$incident" --conclusion "a script of the auditor's"
Expect 1 "again" As security otokura incident close "$incident" --conclusion "again"
Expect 0 "it is gone from the list" As security otokura --json incident list
Is "lines" "$(wc -l <"$out")" 0
Expect 0 "but not from all" As security otokura --json incident list --all
Prints "a script of the auditor's"
Expect 3 "the auditor is suspended still" As auditor otokura audit list
Expect 0 "until it is restored" As security otokura admin account restore auditor --reason "mended"
Expect 0 "then it reads" As auditor otokura --json audit list --action incident-opened
Prints '"rule":"enumeration"'

# Configuration.
sed 's/^demo: true$/demo: false/' "$work/gateway.textproto" >"$work/config"
"$OTOKURAD" check-config --config "$work/config" >"$out" 2>"$said"
Prints "warning: alerts: there is none: nobody is told of incidents"
{ cat "$work/gateway.textproto"; echo 'alerts { name: "Pager" webhook { url: "http://pager.example" } } alerts { name: "csirt" }'; } >"$work/config"
"$OTOKURAD" check-config --config "$work/config" >"$out" 2>"$said" && NotSo "such alerts stop the start"
Prints "alerts[0].name: must be 1 to 32 of a-z"
Prints "alerts[0].webhook.url: must be an https:// URL"
Prints "alerts[1]: one of webhook and syslog is required"
{ cat "$work/gateway.textproto"; echo 'alerts { name: "csirt" syslog { socket: "/dev/log" } }'; } >"$work/config"
Expect 0 "a syslog socket is fine" "$OTOKURAD" check-config --config "$work/config"
StopGateway
Fsck
Conclude
