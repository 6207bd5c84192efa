# Sourced by the tests beside it: a throw-away site with its gateway running and everybody enrolled, and ways to say what a command must do.
set -uo pipefail
umask 077
: "${OTOKURAD:?run the tests by ctest}" "${OTOKURA:?run the tests by ctest}" "${OTOKURA_PKI:?run the tests by ctest}"
readonly kPatienceSeconds=90  # a busy machine under a sanitizer
work=$(mktemp -d) || exit 1
site=$work/site failures=0 gateway=0 address=
# Kept apart from $site, which holds what may be searched.
out=$work/out said=$work/said

trap EndSite EXIT
EndSite() {
  local pid
  for pid in $(jobs -pr); do kill -KILL "$pid" 2>/dev/null; done
  wait 2>/dev/null
  rm -rf "$work"
}

# Last line of every test.
Conclude() {
  ((failures == 0)) || { echo "$failures checks failed"; exit 1; }
  exit 0
}

NotSo() {
  echo "not so: $1"
  tail -n 5 "$said" | cut -c1-400
  failures=$((failures + 1))
}

Fatal() { echo "cannot go on: $1"; tail -n 20 "$said" "$work/events" 2>/dev/null; exit 1; }

# As ACCOUNT otokura ARGUMENT…: the command under test, with that account's certificate.
As() {
  local identity
  SetIdentity "$1"; shift 2
  env "${identity[@]}" "$OTOKURA" "$@"
}
# Begin it in the background with `env "${identity[@]}" "$OTOKURA" … &`, so that $! is the command itself and not a shell around it.
SetIdentity() { identity=("OTOKURA_GATEWAY=$address" "OTOKURA_CA=$work/pki/ca.pem" "OTOKURA_CERTIFICATE=$work/pki/$1.pem" "OTOKURA_KEY=$work/pki/$1.key"); }

# Expect CODE WHAT COMMAND…: must end with that exit code; what it printed is in $out, what it said as an error in $said.
Expect() {
  local code=$1 what=$2 got; shift 2
  "$@" >"$out" 2>"$said"
  got=$?
  ((got == code)) || NotSo "$what: exit code $got, not $code"
}
# Of the command before.
Says() { grep -qF -- "$1" "$said" || NotSo "it says '$1'"; }
SaysNot() { ! grep -qF -- "$1" "$said" "$out" || NotSo "it does not say '$1'"; }
Prints() { grep -qF -- "$1" "$out" || NotSo "it prints '$1'"; }
Same() { cmp -s "$2" "$3" || NotSo "$1"; }
Is() { [[ $2 == "$3" ]] || NotSo "$1: '$2', not '$3'"; }

# WaitUntil WHAT COMMAND…
WaitUntil() {
  local what=$1 deadline=$((SECONDS + kPatienceSeconds)); shift
  until "$@"; do
    ((SECONDS < deadline)) || { NotSo "$what, in time"; return 1; }
    sleep 0.05
  done
}

# Field NAME: of the JSON lines in $out, one value a line.
Field() { grep -oE "\"$1\":(\"[^\"]*\"|[0-9]+)" "$out" | cut -d: -f2- | tr -d '"'; }

# Dies PID: by SIGKILL, and is gone.
Dies() {
  kill -KILL "$1" || NotSo "process $1 was still running"
  wait "$1" 2>/dev/null
}

# --- audio -------------------------------------------------------------------------------------------------------------------------------

# Samples SEED BYTES: the same noise for the same seed.
Samples() { head -c "$2" /dev/zero | openssl enc -aes-128-ctr -K "$(printf '%032x' "$1")" -iv "$(printf '%032x' 0)" -nosalt; }

Little() {
  local value=$1 bytes=$2 i
  for ((i = 0; i < bytes; i++)); do printf '%b' "\\x$(printf '%02x' $(((value >> (8 * i)) & 255)))"; done
}

# Wav SAMPLES_FILE: as 16 bits, 8 kHz, mono.
Wav() {
  local bytes; bytes=$(stat -c %s "$1")
  printf 'RIFF'; Little $((36 + bytes)) 4; printf 'WAVEfmt '; Little 16 4; Little 1 2; Little 1 2; Little 8000 4; Little 16000 4; Little 2 2; Little 16 2
  printf 'data'; Little "$bytes" 4; cat "$1"
}

Sha() { sha256sum "$1" | cut -d' ' -f1; }

# --- the site ----------------------------------------------------------------------------------------------------------------------------

StartGateway() {
  local deadline=$((SECONDS + kPatienceSeconds))
  rm -f "$work/address"
  "$OTOKURAD" run --config "$work/gateway.textproto" >>"$work/events" 2>&1 </dev/null &
  gateway=$!
  until [[ -s $work/address ]]; do
    kill -0 "$gateway" 2>/dev/null || Fatal "otokurad ended at once"
    ((SECONDS < deadline)) || Fatal "otokurad does not serve"
    sleep 0.05
  done
  address=$(<"$work/address")
  sed -i "s/^listen_address: .*/listen_address: \"$address\"/" "$work/gateway.textproto"
}

KillGateway() { Dies "$gateway"; }

StopGateway() {
  kill -TERM "$gateway"
  wait "$gateway" || NotSo "the gateway stops in order"
}

Fsck() { Expect 0 "fsck finds nothing" "$OTOKURAD" fsck --deep --config "$work/gateway.textproto"; }

# Enrol NAME ROLE OPTION…: as the administrator, confirmed by the security officer, or by $confirmer where it is set.
Enrol() {
  local name=$1 role=$2; shift 2
  As admin otokura admin account add --name "$name" --role "$role" --certificate "$work/pki/$name.pem" "$@" >"$out" 2>"$said" || Fatal "$name cannot be enrolled"
  [[ $role == recorder ]] || As "${confirmer:-security}" otokura admin account confirm "$name" --certificate "$work/pki/$name.pem" >"$out" 2>"$said" || Fatal "$name cannot be confirmed"
}

# Terms NAME LINE…: a contract with Maintenance Ltd that is in force today, on standard output.
Terms() {
  local name=$1 clause; shift
  printf 'name: "%s" company: "Maintenance Ltd" responsible: "Sato"\n' "$name"
  printf 'first_day: "%s" last_day: "%s" purposes: "maintenance" centres: "tokyo"\n' "$(date -d '-1 month' +%F)" "$(date -d '+1 month' +%F)"
  for clause in take-out-prevention take-out-response sub-contracting-consent return-and-disposal audit-right; do
    printf 'clauses { name: "%s" confirmed_on: "%s" }\n' "$clause" "$(date -d '-2 months' +%F)"
  done
  printf '%s\n' "$@"
}

# ConcludeContract NAME LINE…: proposed by the administrator, confirmed by the security officer.
ConcludeContract() {
  Terms "$@" >"$work/terms"
  As admin otokura admin contract add "$work/terms" >"$out" 2>"$said" || Fatal "$1 cannot be proposed"
  As security otokura admin contract confirm "$1" >"$out" 2>"$said" || Fatal "$1 cannot be confirmed"
}

SignerKey() { "$OTOKURA" admin policy signer --key "$work/$1.pem" --name "$1"; }

Begin() {
  local name
  mkdir "$site"
  bash "$OTOKURA_PKI" init "$work/pki" --trust-domain e2e.otokura.example >"$said" 2>&1 || Fatal "no authority"
  bash "$OTOKURA_PKI" server "$work/pki" >"$said" 2>&1 || Fatal "no server certificate"
  for name in admin security auditor operator supervisor contractor recorder stranger; do
    bash "$OTOKURA_PKI" account "$work/pki" "$name" >"$said" 2>&1 || Fatal "no certificate for $name"
  done
  for name in alice bob mallory; do openssl genpkey -algorithm ed25519 -out "$work/$name.pem" 2>"$said" || Fatal "no key for $name"; done
  echo "correct horse battery staple" >"$work/passphrase"
  cat >"$work/gateway.textproto" <<END
listen_address: "127.0.0.1:0"
trust_domain: "e2e.otokura.example"
tls { certificate_file: "$work/pki/gateway.pem" private_key_file: "$work/pki/gateway.key" client_ca_file: "$work/pki/ca.pem" }
data_dir: "$site/data"
key_store_dir: "$site/keys"
root_key { passphrase_file: "$work/passphrase" }
centres { name: "tokyo" queues: "pension" queues: "general" }
centres { name: "osaka" queues: "general" }
retention_classes { name: "standard" years: 5 }
limits { free_space_fair_bytes: 2097152 free_space_min_bytes: 1048576 reserve_bytes: 1048576 takeover_silence_seconds: 2 }
demo: true
address_file: "$work/address"
policy_signers: "$(SignerKey alice)"
policy_signers: "$(SignerKey bob)"
END
  "$OTOKURAD" init --config "$work/gateway.textproto" --admin-certificate "$work/pki/admin.pem" --security-certificate "$work/pki/security.pem" >"$out" 2>"$said" ||
    Fatal "otokurad init"
  StartGateway
  Enrol recorder recorder --centre tokyo --format l16 --format pcmu --retention-class standard
  Enrol operator operator --centre tokyo --person p-operator --agent agent-7
  Enrol supervisor supervisor --centre tokyo --person p-supervisor
  ConcludeContract maintenance
  Enrol contractor contractor --centre tokyo --person p-contractor --company "Maintenance Ltd" --contract maintenance
  Enrol auditor auditor --person p-auditor
}

# Record CALL_ID FILE OPTION…: prints the recording's id. The operator answered it, and so hears it without a case for a day.
Record() {
  local call_id=$1 file=$2; shift 2
  [[ " $* " == *" --agent "* ]] || set -- "$@" --agent agent-7
  As recorder otokura --json record "$file" --call-id "$call_id" --centre tokyo --queue pension "$@" >"$out" 2>"$said" || { NotSo "$call_id is recorded"; return 1; }
  Field recording_id
}

# Kept ID: its samples, as the supervisor gets them.
Kept() {
  rm -f "$work/kept"
  As supervisor otokura get "$1" --raw --output "$work/kept" --purpose inquiry --reference CASE-1 >"$out" 2>"$said" || { NotSo "$1 is downloaded"; return 1; }
  cat "$work/kept"
}
