"""Logs in at a Bulla server, or registers first: the password travels sealed, as spec/seal.md says.

    PASSWORD='quiet tides wander north' python login.py URL EMAIL [NAME]     with a name: registers first"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

import requests
from joserfc import jwe
from joserfc.jwk import RSAKey


def seal(document, password, purpose, email):
    """An envelope for the server: good for one purpose, one account, once; padded, to hide the password's length."""
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": document["kid"]}
    payload = json.dumps({"password": password, "purpose": purpose, "email": email, "nonce": document["nonce"]})
    payload = payload.ljust(-(-len(payload) // 256) * 256)
    key = RSAKey.import_key(document["jwk"])
    return jwe.encrypt_compact(header, payload, key, algorithms=[header["alg"], header["enc"]])


def send(url, purpose, password, **fields):
    """Registers or logs in: each route is called like the purpose of its envelope."""
    document = ask("GET", f"{url}/api/auth/sealing-key").json()
    for is_last in (False, True):
        body = fields | {"password": seal(document, password, purpose, fields["email"])}
        answer = ask("POST", f"{url}/api/auth/{purpose}", json=body)
        if answer.ok:
            return answer.json()
        problem = answer.json()
        # The key was rotated, or the nonce has expired: seal again, once. Everything else is final.
        if is_last or problem["code"] not in ("unknown_sealing_key", "stale_envelope"):
            sys.exit(f"login: {problem['detail']} ({problem['code']})")
        document = problem.get("sealing_key") or ask("GET", f"{url}/api/auth/sealing-key").json()


def ask(method, url, **body):
    return requests.request(method, url, timeout=15, allow_redirects=False, **body)


def main():
    if len(sys.argv) not in (3, 4) or "PASSWORD" not in os.environ:
        sys.exit("usage: PASSWORD=… python login.py URL EMAIL [NAME]     with a name: registers first")
    (url, email), name, password = sys.argv[1:3], sys.argv[3:], os.environ["PASSWORD"]
    if name:
        send(url, "register", password, email=email, name=name[0])
    login = send(url, "login", password, email=email)
    expiry = datetime.now(UTC) + timedelta(seconds=login["expires_in"])
    print(f"{login['user']['name']} <{login['user']['email']}>, account {login['user']['id']}")
    print(f"access token until {expiry:%Y-%m-%dT%H:%M:%SZ}")


if __name__ == "__main__":
    try:
        main()
    except requests.RequestException as error:
        sys.exit(f"login: {sys.argv[1]} does not answer as a Bulla server does; is it one? {error}")
