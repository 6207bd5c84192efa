#!/usr/bin/env bash
# `otokura record`: a file, standard input, live; what it says and how it ends when something is wrong.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
Samples 1 48000 >"$work/speech"   # three seconds
Samples 2 48000 >"$work/other"
Wav "$work/speech" >"$work/speech.wav"
Wav "$work/other" >"$work/other.wav"
R() { As recorder otokura record "$@" --centre tokyo --queue pension; }

id=$(Record file "$work/speech.wav" --pension-number 3857-190264 --caller 090-3315-7729)
Kept "$id" >"$work/got"
Same "a file comes back as it was" "$work/got" "$work/speech"
Is "the same file again is the same recording" "$(Record file "$work/speech.wav")" "$id"
Expect 1 "other audio under the same call id" R "$work/other.wav" --call-id file
Says "another call id"

id=$(Record stdin-wav - <"$work/speech.wav")
Kept "$id" >"$work/got"
Same "WAV on standard input comes back as it was" "$work/got" "$work/speech"
id=$(Record stdin-bare - --format pcmu <"$work/speech")
Kept "$id" >"$work/got"
Same "bare samples on standard input come back as they were" "$work/got" "$work/speech"

begun=$(date +%s%N)
Expect 0 "a live call" R "$work/speech.wav" --call-id live --live
(($(date +%s%N) - begun >= 2800000000)) || NotSo "a live call of three seconds takes three"
Prints "digest     matched"

# Wrong usage, wrong input: an exit code each, a reason, and no personal value repeated.
Expect 2 "no call id" As recorder otokura record "$work/speech.wav" --centre tokyo
Expect 3 "a file that is not there" R "$work/none.wav" --call-id none
Says "none.wav"
Expect 1 "a file that is no WAV" R "$work/speech" --call-id none
Expect 1 "a WAV taken for bare samples" R "$work/speech.wav" --format pcmu --call-id none
head -c 20000 "$work/speech.wav" >"$work/cut.wav"
Expect 5 "a WAV that is cut short" R "$work/cut.wav" --call-id cut
Says "cut off"
Expect 1 "a pension number of nine digits" R "$work/speech.wav" --call-id none --pension-number 385719026
Says "pension"
SaysNot 385719026
Expect 3 "a centre that is not the recorder's" As recorder otokura record "$work/speech.wav" --call-id none --centre osaka
Expect 3 "an account that is no recorder" As operator otokura record "$work/speech.wav" --call-id none --centre tokyo
Expect 3 "a certificate without an account" As stranger otokura record "$work/speech.wav" --call-id none --centre tokyo
Says "enrolled"
bash "$OTOKURA_PKI" account "$work/pki" late --expired >"$said" 2>&1
Expect 1 "an expired certificate" As late otokura record "$work/speech.wav" --call-id none --centre tokyo
Says "expired"

# The gateway is killed in the middle of a live call from standard input, and comes back.
Samples 3 96000 >"$work/long"
Wav "$work/long" >"$work/long.wav"
SetIdentity recorder
env "${identity[@]}" "$OTOKURA" --json record - --live --call-id interrupted --centre tokyo --spool "$work/spool" \
  <"$work/long.wav" >"$work/live.out" 2>"$work/live.said" &
live=$!
sleep 2  # of six seconds
KillGateway
sleep 0.5
StartGateway
wait "$live" || { cp "$work/live.said" "$said"; NotSo "a live call goes on after kill -9 of the gateway"; }
cp "$work/live.out" "$out"
Is "its digest" "$(Field digest_check)" matched
Kept "$(Field recording_id)" >"$work/got"
Same "it is whole" "$work/got" "$work/long"

# The recorder itself is killed in the middle of a file; the same command again ends it.
env "${identity[@]}" "$OTOKURA" record "$work/long.wav" --live --call-id killed --centre tokyo --spool "$work/spool" >"$work/live.out" 2>&1 &
live=$!
sleep 2
cp "$work/live.out" "$said"
Dies "$live"
id=$(Record killed "$work/long.wav" --spool "$work/spool")
Is "the digest of a call in two runs" "$(Field digest_check)" matched
Kept "$id" >"$work/got"
Same "a call in two runs is whole" "$work/got" "$work/long"

KillGateway
Expect 4 "without a gateway" R "$work/speech.wav" --call-id away --give-up-after 1
StartGateway
StopGateway
Fsck
Conclude
