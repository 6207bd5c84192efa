#!/usr/bin/env bash
# `otokura admin policy`: two sign, security loads, everybody is held to it.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-1)
Samples 1 16000 >"$work/speech"
Wav "$work/speech" >"$work/speech.wav"
id=$(Record pbx-1 "$work/speech.wav")
policy=$work/policy.textproto

Sign() { "$OTOKURA" admin policy sign "$policy" --key "$work/$1.pem" --name "$1" "${@:2}"; }
Digest() { sha256sum | cut -d' ' -f1; }

# The one in force, as it can be changed and signed.
Expect 0 "security shows the policy" As security otokura admin policy show
Says "serial 1, SHA-256 $(Digest <"$out"), as otokurad init made it"
Prints "# otokura policy v1"
Prints "$(SignerKey alice)"
cp "$out" "$policy"
Expect 0 "the auditor shows it" As auditor otokura --json admin policy show
Is "its digest" "$(Field sha256)" "$(Digest <"$policy")"
Expect 0 "the administrator shows it" As admin otokura admin policy show
Expect 3 "an operator shows it" As operator otokura admin policy show

# Changed: operators listen no more.
Expect 0 "nothing differs" As security otokura admin policy diff "$policy"
Is "lines" "$(wc -l <"$out")" 0
sed -i -e 's/^serial: 1$/serial: 2/' -e '/role: OPERATOR/,/^}/{/action: "listen"/d}' "$policy"
Expect 0 "what differs" As security otokura admin policy diff "$policy"
Prints "- role operator may listen over centre"
Prints "+ serial 2"
Is "lines" "$(wc -l <"$out")" 3
Expect 0 "the same as JSON" As security otokura --json admin policy diff "$policy"
Prints '{"change":"-","statement":"role operator may listen over centre"}'

# Signing needs no gateway, and no signature is given to what no gateway takes.
cp "$policy" "$work/bad"
sed -i 's/action: "download"/action: "load-policy"/' "$work/bad"
Expect 1 "duties joined" "$OTOKURA" admin policy sign "$work/bad" --key "$work/alice.pem" --name alice
Says "search-personal (hearing) and load-policy (policy)"
cp "$policy" "$work/bad"
echo 'surprise: 1' >>"$work/bad"
Expect 1 "an unknown field" "$OTOKURA" admin policy sign "$work/bad" --key "$work/alice.pem" --name alice
Says surprise
Expect 1 "a key of another kind" "$OTOKURA" admin policy sign "$policy" --key "$work/pki/admin.key" --name alice
Says "no Ed25519 private key"
Expect 2 "without a key" "$OTOKURA" admin policy sign "$policy" --name alice
Expect 1 "unsigned" As security otokura admin policy load "$policy"
Says "nobody signed it"

text=$(Digest <"$policy")
Expect 0 "alice signs" Sign alice
Says "one signature"
Expect 1 "alice signs again" Sign alice
Says "signed it already"
cp "$policy" "$work/signed-once"
Expect 3 "one signature" As security otokura admin policy load "$policy"
Says "1 of the signers"
Expect 0 "mallory signs" Sign mallory -o "$work/with-mallory"
Says "not among the signers"
Same "the policy itself is as it was" "$policy" "$work/signed-once"
Expect 3 "one signature and a stranger's" As security otokura admin policy load "$work/with-mallory"
Expect 0 "bob signs" Sign bob
Expect 3 "the administrator loads" As admin otokura admin policy load "$policy"
Expect 3 "an operator loads" As operator otokura admin policy load "$policy"
sed 's/action: "show"/action: "shew"/' "$policy" >"$work/tampered"
Expect 1 "a changed text" As security otokura admin policy load "$work/tampered"
Says "was changed"
Expect 0 "the operator listens" As operator otokura listen "$id" --output "$work/heard" "${why[@]}"
rm -f "$work/heard"

# Rehearsed before anybody turns it on: whom it would have stopped.
Expect 6 "security rehearses it" As security otokura admin policy rehearse "$policy"
Prints "role: listen"
Prints "1 of 1 releases stopped"
Expect 6 "the auditor, as JSON" As auditor otokura --json admin policy rehearse "$policy" --days 1
Prints '"account":"operator","action":"listen"'
Prints '"releases_stopped":1'
Expect 0 "the one in force stops nobody" As auditor otokura admin policy show
cp "$out" "$work/in-force"
Expect 0 "nobody" As auditor otokura admin policy rehearse "$work/in-force"
Prints "0 of 1 releases stopped, 0 of"
Expect 3 "an operator rehearses" As operator otokura admin policy rehearse "$policy"
Expect 1 "a bad file" As auditor otokura admin policy rehearse "$work/bad"
Says surprise
Expect 2 "too many days" As auditor otokura admin policy rehearse "$policy" --days 401
Expect 0 "the log has them" As auditor otokura --json audit list --action policy-rehearse --decision allowed
Is "how many" "$(wc -l <"$out")" 3

# In force, without a restart.
Expect 0 "security loads" As security otokura admin policy load "$policy"
Prints "in force: serial 2, SHA-256 $text, signed by alice, bob"
Expect 3 "the operator listens" As operator otokura listen "$id" --output "$work/heard" "${why[@]}"
Expect 0 "the supervisor listens" As supervisor otokura listen "$id" --output "$work/heard" "${why[@]}"
Expect 1 "again" As security otokura admin policy load "$policy"
Says "serial 2 is not greater than 2"
Expect 0 "it is shown" As auditor otokura admin policy show
Is "digest of what is shown" "$(Digest <"$out")" "$text"
Expect 0 "the log has it" As auditor otokura --json audit list --action policy-load --decision allowed
Prints "\"policy_sha256\":\"$text\""
Expect 0 "and the refusals" As auditor otokura --json audit list --action policy-load --decision denied
Is "how many" "$(wc -l <"$out")" 6

# And after one.
StopGateway
StartGateway
Expect 3 "the operator listens" As operator otokura listen "$id" --output "$work/heard" "${why[@]}"

# A key under a passphrase, from a file and typed.
echo "a passphrase of some length" >"$work/alice.passphrase"
openssl pkcs8 -topk8 -in "$work/alice.pem" -out "$work/alice-sealed.pem" -v2 aes-256-cbc -passout "file:$work/alice.passphrase" 2>"$said" || Fatal "no sealed key"
Signer() { "$OTOKURA" admin policy signer --key "$work/alice-sealed.pem" --name alice "$@"; }
Expect 0 "a passphrase from a file" Signer --passphrase-file "$work/alice.passphrase"
Prints "$(SignerKey alice)"
echo "another passphrase of some length" >"$work/wrong.passphrase"
Expect 3 "a wrong passphrase" Signer --passphrase-file "$work/wrong.passphrase"
Says "wrong passphrase"
Expect 1 "no terminal to type it at" setsid --wait "$OTOKURA" admin policy signer --key "$work/alice-sealed.pem" --name alice
Says "--passphrase-file"
Types() {
  until grep -qs "passphrase of the signing key" "$work/typed"; do sleep 0.05; done  # what is typed before is thrown away
  cat "$work/alice.passphrase"
}
Types | timeout "$kPatienceSeconds" script -qefc "'$OTOKURA' admin policy signer --key '$work/alice-sealed.pem' --name alice" "$work/typed" >"$out" 2>"$said" ||
  NotSo "a passphrase is typed"
Prints "$(SignerKey alice)"
SaysNot "a passphrase of some length"

# Configuration.
Expect 0 "check-config is content" "$OTOKURAD" check-config --config "$work/gateway.textproto"
SaysNot policy_signers
grep -v ^policy_signers "$work/gateway.textproto" >"$work/without"
Expect 0 "no signers" "$OTOKURAD" check-config --config "$work/without"
Prints "warning: policy_signers"
StopGateway
Fsck
Conclude
