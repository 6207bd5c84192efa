#!/usr/bin/env bash
# The throw-away authority makes what the gateway expects, keeps keys to their owner, and refuses names that lead elsewhere.
set -uo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
site=$folder/pki failures=0
pki=${OTOKURA_PKI:-$(dirname "${BASH_SOURCE[0]}")/../../deploy/pki}

Expect() { local what=$1; shift; "$@" >"$folder/said" 2>&1 || { echo "not so: $what"; tail -n 3 "$folder/said"; failures=$((failures + 1)); }; }
Refuse() { local what=$1; shift; ! "$@" >"$folder/said" 2>&1 || { echo "accepted: $what"; failures=$((failures + 1)); }; }
Shows() { openssl x509 -in "$1" -noout -text | grep -qF -- "$2"; }

Expect "an authority is made" "$pki" init "$site" --trust-domain test.example
Expect "a server certificate is made" "$pki" server "$site"
Expect "an account's certificate is made" "$pki" account "$site" operator-1
Expect "an expired one is made" "$pki" account "$site" late --expired

Expect "the gateway answers as localhost" Shows "$site/gateway.pem" "DNS:localhost, IP Address:127.0.0.1"
Expect "an account is a URI of the trust domain" Shows "$site/operator-1.pem" "URI:spiffe://test.example/account/operator-1"
Expect "keys are P-256" Shows "$site/operator-1.pem" "ASN1 OID: prime256v1"
Expect "the server's certificate verifies" openssl verify -CAfile "$site/ca.pem" -purpose sslserver "$site/gateway.pem"
Expect "the account's certificate verifies" openssl verify -CAfile "$site/ca.pem" -purpose sslclient "$site/operator-1.pem"
Refuse "an account's certificate as a server" openssl verify -CAfile "$site/ca.pem" -purpose sslserver "$site/operator-1.pem"
Refuse "an expired certificate" openssl verify -CAfile "$site/ca.pem" "$site/late.pem"
Expect "keys are readable by their owner only" test -z "$(find "$site" -name '*.key' -perm /077)"

Refuse "a second authority in the same folder" "$pki" init "$site" --trust-domain test.example
Refuse "a name that leads out of the folder" "$pki" account "$site" ../escaped
Refuse "a name that adds to the extensions" "$pki" account "$site" $'a\nsubjectAltName=DNS:evil'
Refuse "a trust domain that is none" "$pki" init "$folder/other" --trust-domain 'a/b'
Refuse "days that are no number" "$pki" account "$site" operator-2 --days soon
Refuse "an account without an authority" "$pki" account "$folder/none" operator-1

((failures == 0)) || { echo "$failures checks failed"; exit 1; }
