#!/usr/bin/env bash
# `otokura export`: one asks, another approves, the recipient opens it with openssl; broken off, it goes on; a folder that was changed shows.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-1)
bash "$OTOKURA_PKI" account "$work/pki" supervisor-2 >"$said" 2>&1 || Fatal "no certificate"
Enrol supervisor-2 supervisor --centre tokyo --person p-supervisor-2
for n in 1 2 3; do
  Samples "$n" 16000 >"$work/speech-$n"
  Wav "$work/speech-$n" >"$work/speech-$n.wav"
  Record "pbx-$n" "$work/speech-$n.wav" >>"$work/ids" || Fatal "call $n"
done
mapfile -t ids <"$work/ids"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 30 -subj "/CN=Family Court" -keyout "$work/court.key" -out "$work/court.pem" \
  2>"$said" || Fatal "no recipient"
policy=$work/policy.textproto
As security otokura admin policy show >"$work/shipped" 2>"$said" || Fatal "no policy"

# NameRecipient SERIAL BYTES: the policy as shipped, with the court, and so many bytes of audio in 30 days.
NameRecipient() {
  local name
  sed -e "s/^serial: .*/serial: $1/" -e '/^exports/d' "$work/shipped" >"$policy"
  {
    echo 'exports {'
    echo "  recipients { name: \"family-court\" company: \"Family Court\" certificate:"
    sed 's/.*/    "&\\n"/' "$work/court.pem"
    echo "  }"
    echo "  budgets { window: DAYS_30 recordings: 10 audio_bytes: $2 }"
    echo '}'
  } | sed -i -e '/^# Nobody exports/r /dev/stdin' "$policy"
  for name in alice bob; do "$OTOKURA" admin policy sign "$policy" --key "$work/$name.pem" --name "$name" >"$out" 2>"$said" || Fatal "$name cannot sign"; done
  As security otokura admin policy load "$policy" >"$out" 2>"$said" || Fatal "the policy does not load"
}
Ask() { As "$1" otokura --json export request --to family-court --reason "ordered on 1 April" "${why[@]}" "${@:2}"; }

Expect 1 "nobody is named yet" Ask supervisor "${ids[0]}"
Says "not one that the policy names"
NameRecipient 2 40000
Expect 3 "a contractor asks" As contractor otokura export request --to family-court --reason x --purpose maintenance --reference WORK-1 "${ids[0]}"
Expect 3 "an operator asks" Ask operator "${ids[0]}"
Expect 3 "for what is not there" Ask supervisor "${ids[0]}" 0190a1b2-0000-7000-8000-000000000001
Expect 2 "ids twice" Ask supervisor --ids-from "$work/ids" "${ids[0]}"
Expect 0 "the supervisor asks" Ask supervisor --ids-from "$work/ids"
export=$(Field id)
Is "it waits" "$(Field state)" requested
Expect 1 "nobody approved it" As supervisor otokura export run "$export" "$work/court"
Says "nobody approved it"
Expect 1 "one's own" As supervisor otokura export approve "$export"
Expect 0 "the other looks" As supervisor-2 otokura export show "$export"
for text in "Family Court" "$(openssl x509 -in "$work/court.pem" -outform DER | sha256sum | cut -d' ' -f1)" "${ids[2]}" "0 of 3"; do Prints "$text"; done
Expect 0 "and approves" As supervisor-2 otokura --json export approve "$export"
Is "by whom" "$(Field state) $(Field decided_by)" "active supervisor-2"
Expect 3 "who approved it takes nothing" As supervisor-2 otokura export run "$export" "$work/court-2"

# Broken off by a budget, then by a kill; what is whole stays.
Expect 4 "the budget holds two" As supervisor otokura export run "$export" "$work/court"
Says "audio_bytes of the exporter"
Is "what is there" "$(cd "$work/court" && ls)" "${ids[0]}.cms
${ids[1]}.cms"
first=$(Sha "$work/court/${ids[0]}.cms")
KillGateway
StartGateway
NameRecipient 3 1000000
echo damage >>"$work/court/${ids[1]}.cms"
second=$(Sha "$work/court/${ids[1]}.cms")
mkdir "$work/other" && echo text >"$work/other/file"
Expect 1 "a folder with something else" As supervisor otokura export run "$export" "$work/other"
Expect 0 "it goes on" As supervisor otokura --json export run "$export" "$work/court"
Is "how many" "$(Field objects) $(Field recordings)" "3 3"
Is "what was whole stayed" "$(Sha "$work/court/${ids[0]}.cms")" "$first"
[[ $(Sha "$work/court/${ids[1]}.cms") != "$second" ]] || NotSo "what was damaged was taken again"
[[ -z $(ls -A "$work/court" | grep partial) ]] || NotSo "nothing unfinished lies about"
Expect 0 "again, it takes nothing" As supervisor otokura --json export show "$export"
taken=$(Field sha256)
Expect 0 "and again" As supervisor otokura export run "$export" "$work/court"
Expect 0 "as it was" As supervisor otokura --json export show "$export"
Is "what was taken" "$(Field sha256)" "$taken"

# The recipient's side.
for n in 1 2 3; do
  Expect 0 "openssl opens object $n" openssl cms -decrypt -binary -inform DER -in "$work/court/${ids[n - 1]}.cms" -recip "$work/court.pem" -inkey "$work/court.key" -out "$work/opened.wav"
  Expect 0 "get $n" As supervisor otokura get "${ids[n - 1]}" --output "$work/got-$n.wav" "${why[@]}"
  Same "object $n is what get gives" "$work/opened.wav" "$work/got-$n.wav"
  Same "and what was spoken" "$work/opened.wav" "$work/speech-$n.wav"
done
Expect 4 "nobody else opens it" openssl cms -decrypt -binary -inform DER -in "$work/court/${ids[0]}.cms" -recip "$work/pki/admin.pem" -inkey "$work/pki/admin.key" -out "$work/nothing"
key=$(<"$site/keys/log.vkey")
StopGateway
Verify() { "$OTOKURA" --json export verify "$work/court" --key "$key"; }
Expect 0 "it verifies, without a gateway" Verify
Is "of which export" "$(Field export)" "$export"
Expect 1 "with a signer's key" "$OTOKURA" export verify "$work/court" --key alice
Expect 3 "with another key" "$OTOKURA" export verify "$work/court" --key "$(SignerKey alice)"
cp -r "$work/court" "$work/kept"
# Changed WHAT COMMAND…: in a fresh copy of the folder.
Changed() {
  local what=$1; shift
  rm -rf "$work/court" && cp -r "$work/kept" "$work/court"
  "$@"
  Expect 5 "$what" Verify
}
Changed "an object changed" sed -i '1s/^./x/' "$work/court/${ids[2]}.cms"
Changed "an object gone" rm "$work/court/${ids[2]}.cms"
Changed "objects swapped" mv "$work/court/${ids[2]}.cms" "$work/court/${ids[1]}.cms"
Changed "one more" cp "$work/speech-1.wav" "$work/court/extra.wav"
Changed "a digest changed in the manifest" sed -i "s/^object ${ids[0]} ./object ${ids[0]} 9/" "$work/court/manifest"
Fsck
Conclude
