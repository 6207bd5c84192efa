#!/usr/bin/env bash
# A project outside this one finds the installed client, builds the example program of README.md word for word, and the example says what is
# wrong when no gateway is there.
set -uo pipefail
source_dir=${OTOKURA_SOURCE_DIR:?} build_dir=${OTOKURA_BUILD_DIR:?}
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
readonly kExampleLinesMax=60  # as README.md promises

Fail() { echo "$*"; [[ ! -s $folder/said ]] || tail -n 40 "$folder/said"; exit 1; }

cp "$source_dir/tests/deploy/outside/CMakeLists.txt" "$folder/"
# The first C++ block that is a whole program.
awk '/^```cpp$/ { block = ""; inside = 1; next } /^```$/ && inside { inside = 0; if (block ~ /int main\(/) { printf "%s", block; exit } }
     inside { block = block $0 "\n" }' "$source_dir/README.md" >"$folder/example.cc"
[[ -s $folder/example.cc ]] || Fail "README.md holds no example program"
(($(wc -l <"$folder/example.cc") < kExampleLinesMax)) || Fail "the example in README.md has $kExampleLinesMax lines or more"

cmake --install "$build_dir" --prefix "$folder/installed" >"$folder/said" 2>&1 || Fail "cmake --install failed"
for command in otokurad otokura; do
  "$folder/installed/bin/$command" --help >"$folder/said" 2>&1 || Fail "the installed $command does not run"
done
cmake -S "$folder" -B "$folder/build" -G Ninja -DCMAKE_PREFIX_PATH="$folder/installed" >"$folder/said" 2>&1 || Fail "find_package(otokura) failed"
cmake --build "$folder/build" >"$folder/said" 2>&1 || Fail "the example of README.md does not build against the installed client"
if "$folder/build/example" >"$folder/said" 2>&1 </dev/null; then Fail "the example succeeded although it was given nothing"; fi
[[ -s $folder/said ]] || Fail "the example failed without a word"
