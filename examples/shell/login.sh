#!/usr/bin/env bash
# Logs in at a Bulla server, or registers first, with curl, openssl and jq: the password travels sealed, in raw form.
#
#   PASSWORD='quiet tides wander north' ./login.sh URL EMAIL [NAME]     with a name: registers first
set -euo pipefail
usage="usage: PASSWORD=… $0 URL EMAIL [NAME]     with a name: registers first"
url=${1:?$usage} email=${2:?$usage} name=${3:-}
: "${PASSWORD:?$usage}"

main() {
  local answer
  if [[ -n $name ]]; then
    post register >/dev/null
  fi
  answer=$(post login)
  jq -er '"\(.user.name) <\(.user.email)>, account \(.user.id)",
    "access token until \(now + .expires_in | floor | todate)"' <<<"$answer"
}

post() { # register | login
  local sealed answer
  # A fresh envelope for each request: none is accepted twice.
  sealed=$(seal) || return
  # The body comes by standard input: other users of this machine see what stands in a command line.
  if ! answer=$(jq -n --arg email "$email" --arg name "$name" --arg password "$sealed" '$ARGS.named' |
    curl -sS --max-time 15 --fail-with-body -H 'Content-Type: application/json' --data @- "$url/api/auth/$1"); then
    jq -r '"login: \(.detail) (\(.code))"' <<<"$answer" >&2
    return 1
  fi
  echo "$answer"
}

# RSA-OAEP with SHA-256 (openssl's own choice is SHA-1), in base64 on one line.
seal() {
  local public_key
  public_key=$(curl -sS --max-time 15 --fail "$url/api/auth/public.pem" | openssl pkey -pubin) || {
    echo "login: $url does not answer as a Bulla server does; is it one?" >&2
    return 1
  }
  printf %s "$PASSWORD" |
    openssl pkeyutl -encrypt -pubin -inkey <(echo "$public_key") \
      -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 |
    base64 | tr -d '\n'
}

main
