#!/usr/bin/env bash
# `otokura watch`: every file is taken once and none is lost, also when the watcher is killed in the middle; what cannot be taken is set aside with a reason.
source "$(dirname "${BASH_SOURCE[0]}")/site.sh"
Begin
readonly kFiles=24 kKills=4 kFileBytes=1600000
in=$work/incoming
mkdir "$in"
W() { As recorder otokura --json watch "$in" --centre tokyo --queue general "$@"; }
Found() { As supervisor otokura --json search --purpose inquiry --reference CASE-1 --limit 1000 "$@" >"$out" 2>"$said" || NotSo "the search"; }

# Files with and without a sidecar.
for n in 1 2 3; do Samples "$n" 20000 >"$work/s$n"; Wav "$work/s$n" >"$work/$n.wav"; done
echo '{"call_id": "pbx-1", "basic_pension_number": "3857190264", "queue": "pension", "leg": "caller"}' >"$in/1.wav.json"
cp "$work"/[123].wav "$in/"
Expect 0 "three files" W --once
Is "files in done/" "$(cd "$in/done" && echo *)" "1.wav 1.wav.json 2.wav 3.wav"
Is "files left" "$(find "$in" -maxdepth 1 -type f | wc -l)" 0
Found --pension-number ３８５７１９０２６４
Is "the sidecar's queue" "$(Field queue)" pension
Is "the sidecar's leg" "$(Field leg)" caller
Kept "$(Field recording_id)" >"$work/got"
Same "what was in the file" "$work/got" "$work/s1"
Found
Is "recordings" "$(Field recording_id | wc -l)" 3

# Offered again, also after it was done: known, and done with.
cp "$work/2.wav" "$in/"
Expect 0 "the same file again" W --once --delete
Is "files left" "$(find "$in" -maxdepth 1 -type f | wc -l)" 0
Found
Is "recordings after the same file again" "$(Field recording_id | wc -l)" 3

# What cannot be taken.
cp "$work/3.wav" "$in/bad.wav"
echo '{"pension": "3857190264"}' >"$in/bad.wav.json"
echo "no audio" >"$in/text.wav"
Expect 1 "two files that cannot be taken" W --once
Is "set aside" "$(cd "$in/failed" && echo *)" "bad.wav bad.wav.error.txt bad.wav.json text.wav text.wav.error.txt"
SaysNot 3857190264
grep -q pension "$in/failed/bad.wav.error.txt" || NotSo "the reason names the field"
rm -r "$in/failed" "$in/done"

# The watcher is killed again and again.
for ((n = 0; n < kFiles; n++)); do
  Samples $((100 + n)) $kFileBytes >"$work/samples"
  Sha "$work/samples" >>"$work/originals"
  Wav "$work/samples" >"$in/call-$n.wav"
done
interrupted=0
SetIdentity recorder
Left() { find "$in" -maxdepth 1 -name '*.wav' | wc -l; }
FewerThan() { (($(Left) < $1)); }
for ((n = 0; n < kKills; n++)); do
  before=$(Left)
  env "${identity[@]}" "$OTOKURA" watch "$in" --centre tokyo --queue general >>"$work/watched" 2>>"$work/watch.said" &
  watcher=$!
  WaitUntil "something is taken" FewerThan "$before"
  Dies "$watcher"
  (($(Left) == 0)) || interrupted=$((interrupted + 1))
done
((interrupted > 0)) || NotSo "the watcher was killed before it was done"
echo "killed with files left: $interrupted times"
Expect 0 "the last run" W --once
Is "files left" "$(Left)" 0
Is "files in done/" "$(find "$in/done" -name '*.wav' | wc -l)" $kFiles
Found
Is "recordings" "$(Field recording_id | wc -l)" $((kFiles + 3))
Field audio_sha256 | sort >"$work/recorded"
sort "$work/originals" <(for n in 1 2 3; do Sha "$work/s$n"; done) >"$work/expected"
Same "each file is one recording, and every recording one file" "$work/recorded" "$work/expected"
Is "states" "$(Field state | sort -u)" sealed

# Without a gateway everything stays where it is.
cp "$work/1.wav" "$in/later.wav"
KillGateway
Expect 4 "without a gateway" W --once --give-up-after 1
[[ -f $in/later.wav ]] || NotSo "the file is kept"
StartGateway
Expect 0 "and with it again" W --once
Is "files left" "$(Left)" 0
StopGateway
Fsck
Conclude
