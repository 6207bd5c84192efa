#!/usr/bin/env bash
# `otokura search`, `show`, `listen` and `get`: what each gives, to whom, and that a failed one leaves nothing behind.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
why=(--purpose inquiry --reference CASE-1)
readonly kSecond=16000
Samples 1 $((5 * kSecond)) >"$work/speech"
Samples 2 $((3 * kSecond)) >"$work/other"
Wav "$work/speech" >"$work/speech.wav"
Wav "$work/other" >"$work/other.wav"
id=$(Record pbx-1 "$work/speech.wav" --pension-number 3857-190264 --caller 090-3315-7729 --agent agent-7 --notes "asked about 1972")
other=$(Record pbx-2 "$work/other.wav" --pension-number 4120987365 --agent agent-8)
readonly kAbsent=0190a1b2-0000-7000-8000-000000000001

# case
Expect 1 "a number that no case names" As operator otokura search --pension-number 3857190264 "${why[@]}"
Says "no case of that name is open"
Expect 0 "open a case" As supervisor otokura --json case open CASE-2 --purpose inquiry --recording "$id" --pension-number 3857190264 \
  --pension-number 1111111111 --caller 09033157729 --call-id pbx-1 --days 7 --reason "asks for a correction"
Is "who opened it" "$(Field opened_by)" supervisor
Is "how many numbers it names" "$(Field terms)" 4
SaysNot 3857190264
under=(--purpose inquiry --reference CASE-2)
Expect 0 "list cases" As operator otokura case list
Prints CASE-2
Expect 0 "show a case" As auditor otokura case show CASE-2
Prints "$id"
Expect 3 "open by who hears under them" As operator otokura case open CASE-3 --purpose inquiry --recording "$id" --reason "mine"
Expect 1 "hear under one's own case" As supervisor otokura listen "$id" "${under[@]}"
Says "you opened this case"

# search
for term in "--pension-number ３８５７１９０２６４" "--pension-number 3857190264" "--caller +81(0)90-3315-7729" "--caller ０９０ー３３１５ー７７２９" "--agent AGENT-7" "--call-id pbx-1"; do
  read -r option value <<<"$term"
  Expect 0 "search $term" As operator otokura --json search "$option" "$value" "${under[@]}"
  Is "found by $term" "$(Field recording_id)" "$id"
done
Expect 0 "search without a term" As operator otokura --json search "${why[@]}"
Is "newest first" "$(Field recording_id | tr '\n' ' ')" "$other $id "
Expect 0 "search with a limit" As operator otokura --json search --limit 1 "${why[@]}"
Is "one row" "$(Field recording_id)" "$other"
Expect 0 "search for what is not there" As operator otokura search --pension-number 1111111111 "${under[@]}"
Says "nothing found"
Expect 0 "search of days past" As operator otokura search --to 2020-01-01 "${why[@]}"
Says "nothing found"
Expect 0 "search as a table" As operator otokura search "${why[@]}"
Prints "$id"
Expect 1 "a pension number of nine digits" As operator otokura search --pension-number 385719026 "${why[@]}"
SaysNot 385719026
Expect 2 "two terms" As operator otokura search --agent a --call-id b "${why[@]}"
Expect 0 "a search without a term states no purpose" As operator otokura --json search
Is "newest first" "$(Field recording_id | tr '\n' ' ')" "$other $id "
Expect 1 "a term without a purpose" As operator otokura search --agent agent-7
Says "justification.purpose"
Expect 2 "showing without a purpose" As operator otokura show "$id" --reference CASE-1
Expect 3 "another role's purpose" As operator otokura search --purpose maintenance --reference CASE-1
Expect 3 "a contractor" As contractor otokura search --purpose maintenance --reference WORK-1
Expect 3 "somebody without an account" As stranger otokura search "${why[@]}"

# show
Expect 0 "show" As operator otokura show "$id" "${why[@]}"
for text in "$id" sealed tokyo "asked about 1972" "$(Sha "$work/speech")"; do Prints "$text"; done
Expect 0 "show under a case" As operator otokura show "$id" "${under[@]}"
Expect 0 "show as JSON" As operator otokura --json show "$id" "${why[@]}"
Is "seconds" "$(Field duration_ms)" 5000
Expect 3 "show what is not there" As operator otokura show $kAbsent "${why[@]}"

# listen
As operator otokura listen "$id" "${why[@]}" 2>"$said" | tail -c +45 >"$work/got"
Same "all of it, through a pipe" "$work/got" "$work/speech"
Expect 0 "listen to the middle" As operator otokura listen "$id" --from 1 --for 2.5 --output "$work/middle.wav" "${why[@]}"
tail -c +45 "$work/middle.wav" >"$work/got"
tail -c +$((kSecond + 1)) "$work/speech" | head -c $((5 * kSecond / 2)) >"$work/spoken"
Same "two and a half seconds from the first on" "$work/got" "$work/spoken"
Expect 0 "listen to the end" As operator otokura listen "$id" --from 4 "${why[@]}"
Is "bytes of the last second" "$(stat -c %s "$out")" $((44 + kSecond))
Expect 1 "listen behind the end" As operator otokura listen "$id" --from 5 --output "$work/none.wav" "${why[@]}"
[[ ! -e $work/none.wav ]] || NotSo "nothing is left of it"
# A sound device that writes down what it is played.
echo "pcm.written { type file slave.pcm { type null } file \"$work/played\" format raw }" >"$work/alsa.conf"
export ALSA_CONFIG_PATH=$work/alsa.conf
Expect 0 "listen on a sound device" As operator otokura listen "$id" --device written --from 1 --for 2 "${why[@]}"
tail -c +$((kSecond + 1)) "$work/speech" | head -c $((2 * kSecond)) >"$work/spoken"
Same "what the device played" "$work/played" "$work/spoken"
Expect 1 "listen on a device that there is not" As operator otokura listen "$id" --device headset "${why[@]}"
Says "sound device 'headset' cannot be opened"
Expect 2 "listen in two places" As operator otokura listen "$id" --device written --output "$work/none.wav" "${why[@]}"

# get
mkdir "$work/downloads"
Expect 0 "get" As supervisor otokura get "$id" --output "$work/downloads/call.wav" "${why[@]}"
Same "the WAV file that was recorded" "$work/downloads/call.wav" "$work/speech.wav"
Is "who may read it" "$(stat -c %a "$work/downloads/call.wav")" 600
rm "$work/downloads/call.wav"
Nothing() { Is "files after $1" "$(ls -A "$work/downloads")" ""; }
Expect 3 "get by who may only listen" As operator otokura get "$id" --output "$work/downloads/call.wav" "${why[@]}"
Nothing "a refusal"
Expect 3 "get by a contractor" As contractor otokura get "$id" --output "$work/downloads/call.wav" --purpose maintenance --reference WORK-1
Nothing "a contractor's try"
Expect 3 "get what is not there" As supervisor otokura get $kAbsent --output "$work/downloads/call.wav" "${why[@]}"
Nothing "what is not there"
Expect 2 "get without a place" As supervisor otokura get "$id" "${why[@]}"

Expect 0 "close a case" As security otokura case close CASE-2 --reason "answered"
Prints closed
Expect 1 "search under a closed case" As operator otokura search --pension-number 3857190264 "${under[@]}"

# A stored byte is flipped: not even what comes before it is kept.
object=$(find "$site/data" -name "$id.0.cbl")
printf '%b' "\\x$(printf '%02x' $((0x$(xxd -s 50000 -l 1 -p "$object") ^ 1)))" | dd of="$object" bs=1 seek=50000 conv=notrunc status=none
Expect 5 "get what is damaged" As supervisor otokura get "$id" --output "$work/downloads/call.wav" "${why[@]}"
Says "chunk 3"
Nothing "damage"
echo "an earlier one" >"$work/downloads/call.wav"
Expect 5 "get it over an earlier file" As supervisor otokura get "$id" --output "$work/downloads/call.wav" "${why[@]}"
Is "the earlier file" "$(<"$work/downloads/call.wav")" "an earlier one"
Expect 5 "listen to what is damaged" As operator otokura listen "$id" --from 2 --output "$work/none.wav" "${why[@]}"
[[ ! -e $work/none.wav ]] || NotSo "nothing is left of it"
Expect 0 "listen to what is not" As operator otokura listen "$id" --for 1 --output "$work/first.wav" "${why[@]}"
StopGateway
Expect 4 "fsck finds the damage" "$OTOKURAD" fsck --deep --config "$work/gateway.textproto"
grep -q "$id" "$out" || NotSo "fsck names the recording"
Conclude
