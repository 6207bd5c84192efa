#!/usr/bin/env bash
# The house rules that a machine can check. Every finding is one line; any finding fails the test.
set -uo pipefail
cd "${OTOKURA_SOURCE_DIR:-$(dirname "${BASH_SOURCE[0]}")/../..}" || exit 1

readonly kColumnsMax=140  # as in .clang-format
readonly kLinesMax=600    # a file that a person can hold in their head
findings=0

# Finding TEXT: counts from the main shell only, so loops below read from process substitutions, never from pipes.
Finding() { echo "$1"; findings=$((findings + 1)); }

mapfile -t files < <(find . \( -path ./.git -o -path ./.build \) -prune -o -type f -printf '%P\n' | sort)
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '\.(cc|h)$')
((${#sources[@]})) || { echo "no sources found"; exit 1; }

# The top level is the map of the project; nothing else lies there.
while read -r entry; do
  case $entry in
    .?*|CMakeLists.txt|CMakePresets.json|LICENSE|README.md|client|crypto|deploy|policy|proto|server|tests) ;;
    *) Finding "$entry: does not belong at the top level" ;;
  esac
done < <(ls -A)

# A reader finds every directory of the first two levels explained.
while read -r directory; do
  grep -qF "$directory/" README.md || Finding "README.md: does not name $directory/"
done < <(printf '%s\n' "${files[@]}" | grep -v '^\.' | grep / | cut -d/ -f1-2 | while read -r path; do
  echo "${path%%/*}"
  [[ -d $path ]] && echo "$path"
done | sort -u)

# A test that no CMakeLists.txt names is never run. Folders that list many name them without what all share: the area in front, _test behind.
while read -r test; do
  directory=$(dirname "$test") name=$(basename "$test" .cc)
  short=${name%_test} area=$(basename "$directory")
  grep -qswE "$name|$short|${short#"${area}"_}" "$directory/CMakeLists.txt" "$(dirname "$directory")/CMakeLists.txt" ||
    Finding "$test: in no CMakeLists.txt"
done < <(printf '%s\n' "${sources[@]}" | grep '_test\.cc$')

# A file is named after what it does.
while read -r file; do
  Finding "$file: say in the name what it does"
done < <(printf '%s\n' "${files[@]}" | grep -iE '(^|[/_.-])(manager|helper|util|common)s?([/_.-]|$)')

# Work that is left to do stands in an issue. The brackets keep this line from finding itself.
while read -r line; do
  Finding "$line"
done < <(grep -nwE '[T]ODO|[F]IXME|[X]XX' -- "${files[@]}" | cut -c1-160)

while read -r line; do
  Finding "$line ...: more than $kColumnsMax columns"
done < <(LC_ALL=C.UTF-8 grep -noP "^.{40}(?=.{$((kColumnsMax - 39))})" -- "${sources[@]}")

while read -r lines file; do
  [[ $file == total ]] || ((lines <= kLinesMax)) || Finding "$file: $lines lines, at most $kLinesMax"
done < <(wc -l -- "${sources[@]}")

((findings == 0)) || { echo "$findings findings"; exit 1; }
echo "${#files[@]} files are tidy"
