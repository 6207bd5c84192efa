#!/usr/bin/env bash
# `otokura audit` and `otokura admin`: who may, what they show, what is logged. And --help everywhere.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-1)
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
id=$(Record pbx-1 "$work/speech.wav" --pension-number 3857190264)

for command in "" record watch search show listen get grant "grant request" "grant approve" "grant refuse" "grant revoke" "grant list" audit "audit list" "audit count" "audit tail" "audit show" "audit report" "audit receipt" "audit verify-receipt" "audit key" "audit export" "audit verify" \
  "audit prove" "audit verify-proof" admin "admin account" "admin account add" "admin account list" "admin account suspend" "admin policy" \
  "admin account confirm" "admin account renew" "admin account restore" "admin contract" "admin contract add" "admin contract confirm" \
  "admin contract list" "admin contract show" "admin contract close" \
  "admin policy signer" "admin policy sign" "admin policy load" "admin policy show" "admin policy diff"; do
  # shellcheck disable=SC2086
  Expect 0 "otokura $command --help" "$OTOKURA" $command --help
done
for command in "" init run check-config fsck log-key "log-key hand-over"; do
  # shellcheck disable=SC2086
  Expect 0 "otokurad $command --help" "$OTOKURAD" $command --help
  Prints "Exit codes:"
done
Expect 2 "no command" "$OTOKURA"
Expect 2 "an unknown command" "$OTOKURA" destroy
Expect 2 "an unknown option" As operator otokura search --all "${why[@]}"

# Accounts.
bash "$OTOKURA_PKI" account "$work/pki" new >"$said" 2>&1
Add() { local who=$1; shift; As "$who" otokura admin account add --name new --certificate "$work/pki/new.pem" --centre tokyo --person p-new "$@"; }
Expect 3 "an operator adds an account" Add operator --role supervisor
Expect 3 "a security officer adds an account" Add security --role supervisor
Expect 2 "a role that there is not" Add admin --role boss
Expect 1 "a centre that there is not" As admin otokura admin account add --name new --role operator --certificate "$work/pki/new.pem" --person p-new --centre nowhere
Says centre
Expect 0 "the administrator adds an account" Add admin --role supervisor
Expect 1 "twice" Add admin --role supervisor
Expect 3 "it is pending" As new otokura search "${why[@]}"
Says "second person"
Expect 3 "the administrator confirms what it proposed" As admin otokura admin account confirm new
Expect 1 "another key than the one that the person gave" As security otokura admin account confirm new --certificate "$work/pki/stranger.pem"
Says "do not confirm it"
Expect 0 "security confirms" As security otokura --json admin account confirm new --certificate "$work/pki/new.pem"
Is "by whom" "$(Field proposed_by) $(Field confirmed_by)" "admin security"
Expect 1 "twice" As security otokura admin account confirm new
Expect 0 "it works" As new otokura search "${why[@]}"
Expect 0 "accounts are listed" As admin otokura --json admin account list
Is "how many" "$(Field name | wc -l)" 8
Expect 3 "an operator lists accounts" As operator otokura admin account list

Expect 3 "the administrator suspends" As admin otokura admin account suspend new --reason "by mistake"
Expect 2 "without a reason" As security otokura admin account suspend new
Expect 1 "security suspends itself" As security otokura admin account suspend security --reason "going home"
Expect 0 "security suspends" As security otokura admin account suspend new --reason "left the company"
Expect 3 "it is served no more" As new otokura search "${why[@]}"
Expect 0 "accounts are listed" As security otokura admin account list
Prints suspended
Expect 3 "the administrator restores" As admin otokura admin account restore new --reason "by mistake"
Expect 0 "security restores" As security otokura admin account restore new --reason "came back"
Expect 0 "it is served again" As new otokura search "${why[@]}"
mkdir "$work/old"
mv "$work/pki/new.pem" "$work/pki/new.key" "$work/old"
bash "$OTOKURA_PKI" account "$work/pki" new >"$said" 2>&1
Expect 3 "security proposes a key" As security otokura admin account renew new --certificate "$work/pki/new.pem"
Expect 0 "the administrator proposes a key" As admin otokura --json admin account renew new --certificate "$work/pki/new.pem"
Prints '"renewal"'
Expect 3 "it waits" As new otokura search "${why[@]}"
Expect 0 "security confirms it" As security otokura admin account confirm new --certificate "$work/pki/new.pem"
Expect 0 "it is good" As new otokura search "${why[@]}"
Expect 0 "security suspends" As security otokura admin account suspend new --reason "left the company"

# Contracts.
Terms sub-maintenance 'parent: "maintenance"' 'budgets { window: DAY recordings: 5 }' >"$work/sub"
Expect 3 "security proposes a contract" As security otokura admin contract add "$work/sub"
Expect 0 "the administrator proposes one" As admin otokura admin contract add "$work/sub"
Prints "waits to be confirmed"
Expect 3 "the administrator confirms it" As admin otokura admin contract confirm sub-maintenance
Expect 0 "security looks at it" As security otokura admin contract show sub-maintenance
for text in take-out-response 'recordings: 5' pending; do Prints "$text"; done
Expect 0 "security confirms it" As security otokura admin contract confirm sub-maintenance
Prints "in force"
echo 'nonsense: 1' >>"$work/sub"
Expect 1 "a field that there is not" As admin otokura admin contract add "$work/sub"
Says "line"
Terms no-clauses | grep -v audit-right >"$work/no-clauses"
Expect 1 "a clause is missing" As admin otokura admin contract add "$work/no-clauses"
Says audit-right
Expect 1 "a contractor of another company" As admin otokura admin account add --name sub --role contractor --certificate "$work/pki/stranger.pem" --centre tokyo \
  --person p-sub --company "Another Ltd" --contract sub-maintenance
Expect 3 "a contractor, under a contract in force, still may nothing" As contractor otokura search --purpose maintenance --reference WORK-1
Says role
Expect 0 "the administrator closes the contract" As admin otokura admin contract close maintenance --reason "over"
Expect 3 "the contractor is refused" As contractor otokura search --purpose maintenance --reference WORK-1
Says "contract is not in force (closed)"
Expect 0 "contracts are listed" As security otokura --json admin contract list
Prints '"not_in_force":"a contract above it: closed"'
Expect 3 "an operator lists contracts" As operator otokura admin contract list
Expect 0 "the log of a contract" As auditor otokura --json audit list --contract maintenance --action search
Is "refusals" "$(Field rule | sort | tr '\n' ' ')" "contract role "
Expect 0 "counted by contract" As auditor otokura --json audit count --by contract
Prints '"contract":"maintenance"'

# The log.
As operator otokura listen "$id" "${why[@]}" >"$work/heard.wav" 2>"$said" || NotSo "the operator listens"
Expect 3 "an operator reads the log" As operator otokura audit list
Expect 3 "the administrator reads the log" As admin otokura audit list
Expect 0 "the auditor reads the log" As auditor otokura --json audit list --all
for text in '"ACCOUNT_ADD"' '"ACCOUNT_SUSPEND"' '"ACCOUNT_CONFIRM"' '"ACCOUNT_RENEW"' '"ACCOUNT_RESTORE"' '"RECORDING_SEALED"' '"LISTEN"' '"DELIVERED"' '"AUDIT_LIST"' '"DENIED"' 'left the company'; do Prints "$text"; done
SaysNot 3857190264
entries=$(wc -l <"$out")
Field sequence | sort -n >"$work/sequences"
Same "no entry is missing" "$work/sequences" <(seq 0 $((entries - 1)))
Expect 0 "one entry" As auditor otokura --json audit list --limit 1
Is "lines" "$(wc -l <"$out")" 1
Expect 0 "entries of one recording" As auditor otokura --json audit list --recording "$id" --all
Is "whose" "$(Field recording_id | sort -u)" "$id"
Is "access numbers" "$(Field access_number | sort -n | tr '\n' ' ')" "$(seq -s' ' 1 "$(wc -l <"$out")") "
Expect 0 "as a table" As security otokura audit list
Prints LISTEN
Expect 1 "a recording id that is none" As auditor otokura audit list --recording nonsense
Expect 0 "an AND of conditions" As auditor otokura --json audit list --account operator --recording "$id" --action listen --decision allowed --purpose inquiry --reference CASE-1
Is "one entry" "$(Field sequence | wc -l)" 1
listened=$(Field sequence)
Expect 0 "and of what is not so" As auditor otokura --json audit list --account operator --action listen --reference CASE-2
Is "no entry" "$(wc -l <"$out")" 0
Expect 1 "an action that there is not" As auditor otokura audit list --action steal

Expect 0 "counted" As auditor otokura --json audit count --by account,action --per day --recording "$id"
Prints '"account":"operator","action":"LISTEN"'
Expect 0 "counted, as a table" As security otokura audit count --by decision
Prints DENIED
Expect 0 "counted altogether" As security otokura audit count
Expect 2 "by what there is not" As auditor otokura audit count --by shoe-size
Expect 3 "an operator counts" As operator otokura audit count

Expect 0 "one entry whole" As auditor otokura audit show "$listened"
for text in LISTEN operator p-operator CASE-1 "$id" "leaf hash" "checked"; do Prints "$text"; done
Expect 3 "an entry that there is not yet" As auditor otokura audit show 1000000

Expect 0 "the newest" As auditor otokura --json audit tail -n 3
Is "how many" "$(wc -l <"$out")" 3
Is "in order" "$(Field sequence)" "$(Field sequence | sort -n)"
SetIdentity auditor
env "${identity[@]}" "$OTOKURA" audit tail -n 1 -f --account supervisor >"$work/followed" 2>"$work/followed.said" &
follower=$!
Following() { As auditor otokura audit list --action audit-follow | grep -q AUDIT_FOLLOW; }
WaitUntil "the log is followed" Following
As supervisor otokura show "$id" "${why[@]}" >"$out" 2>"$said" || NotSo "the supervisor looks"
WaitUntil "the follower sees it" grep -q SHOW "$work/followed"
kill -TERM "$follower"
wait "$follower" || NotSo "following ends well when it is interrupted"

Expect 0 "who heard the recording" As auditor otokura audit report --recording "$id"
for text in "# Accesses: recording $id" "without a hole" "| operator | p-operator |" "16000 bytes" "with root"; do Prints "$text"; done
Prints "NOT PROVEN"
key=$(<"$site/keys/log.vkey")
Expect 0 "and that this is all" As auditor otokura audit report --recording "$id" --key "$key"
for text in "# Accesses: recording $id" "WHOLE: verified" "| operator | p-operator |" "16000 bytes"; do Prints "$text"; done
Expect 0 "of an account" As auditor otokura --json audit report --account operator --key "$key"
Prints '"proof":"whole"'
Expect 1 "with a key that is none" As auditor otokura audit report --recording "$id" --key nonsense
Expect 0 "for a program" As security otokura --json audit report --account operator
Prints '"total":{"accesses":1'
Expect 0 "of a company" As security otokura audit report --company "Maintenance Ltd" --from 2020-01-01
Expect 2 "of nobody" As auditor otokura audit report
Expect 2 "of two at once" As auditor otokura audit report --account operator --company X
Expect 3 "an operator reports" As operator otokura audit report --account operator
Expect 1 "a time that is none" As auditor otokura audit list --from yesterday
StopGateway
Fsck
Conclude
