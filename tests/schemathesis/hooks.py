"""What Schemathesis cannot know: how to get a token, and how to seal a password.

Loaded by scripts/schemathesis (SCHEMATHESIS_HOOKS); the server's address is in BULLA_TEST_URL.
"""

import base64
import json
import os
import secrets
import urllib.error
import urllib.request

import schemathesis
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

URL = os.environ["BULLA_TEST_URL"]
# Long, uncommon, and of nobody's name.
PASSWORD = "quiet tides wander north"


def ask(method, path, body=None, token=None):
    """Status and body of an answer."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{URL}/api/auth/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read() or "null")


def seal(purpose, email):
    """A sealed password, as spec/seal.md says."""
    _, offer = ask("GET", "sealing-key")
    key = serialization.load_pem_public_key(offer["pem"].encode())
    header = encode(json.dumps({"alg": offer["alg"], "enc": offer["enc"], "kid": offer["kid"]}).encode())
    payload = {"password": PASSWORD, "purpose": purpose, "email": email, "nonce": offer["nonce"]}
    content_key, iv = os.urandom(32), os.urandom(12)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sealed = AESGCM(content_key).encrypt(iv, json.dumps(payload).encode(), header.encode())
    parts = [key.encrypt(content_key, oaep), iv, sealed[:-16], sealed[-16:]]
    return ".".join([header, *map(encode, parts)])


def encode(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


class Person:
    """Somebody with an account of their own, because passwords that are tried lock it for a while."""

    def __init__(self):
        self.email = f"person{secrets.token_hex(8)}@example.com"
        body = {"name": "Ada", "email": self.email, "password": seal("register", self.email)}
        status, answer = ask("POST", "register", body)
        assert status == 201, answer
        status, answer = ask("POST", "login", {"email": self.email, "password": seal("login", self.email)})
        assert status == 200, answer
        self.token, self.refresh_token = answer["access_token"], answer["refresh_token"]


class Caller:
    """Whoever is logged in at the moment. Many requests log him out, so each asks again."""

    def __init__(self):
        self.person = None

    def current(self):
        if self.person is None or ask("GET", "profile", token=self.person.token)[0] != 200:
            self.person = Person()
        return self.person


caller = Caller()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, ctx):
        return caller.current().token

    def set(self, case, data, ctx):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


PASSWORDS = {
    ("/api/auth/register", "password"): "register",
    ("/api/auth/login", "password"): "login",
    ("/api/auth/password", "current_password"): "current_password",
    ("/api/auth/password", "new_password"): "new_password",
}


def is_right(case):
    """Whether the body is one that the description allows: then it gets what no description can make up."""
    if case.meta is None or not isinstance(case.body, dict):
        return False
    body = next((info for kind, info in case.meta.components.items() if kind.name == "BODY"), None)
    return body is None or body.mode.is_positive


# By the id of a case, its body before its passwords were sealed. A case may be sent several times.
unsealed = {}
sealed = set()


@schemathesis.hook
def before_call(context, case, kwargs):
    if not is_right(case):
        # Garbage stays garbage.
        return
    path, body = case.operation.path, case.body
    if path == "/api/auth/login" and isinstance(body.get("email"), str) and secrets.randbelow(2):
        # Somebody who has an account; the other half has none.
        body["email"] = Person().email
    if path == "/api/auth/refresh" and isinstance(body.get("refresh_token"), str) and secrets.randbelow(2):
        body["refresh_token"] = Person().refresh_token
    for field in ("password", "current_password", "new_password"):
        if (path, field) in PASSWORDS and isinstance(body.get(field), str):
            if body[field] not in sealed:
                unsealed.setdefault(case.id, dict(body))
            body[field] = seal(PASSWORDS[path, field], body.get("email") or caller.current().email)
            sealed.add(body[field])


@schemathesis.check
def only_sealed_passwords_are_accepted(context, response, case):
    """The same request once more, with the text that the description allows instead of a sealed password."""
    body = unsealed.pop(case.id, None)
    if body is None or response.status_code not in (200, 201, 401, 409):
        return
    # The token may be of a session that this very request ended.
    status, answer = ask(case.method, case.operation.path.removeprefix("/api/auth/"), body, caller.current().token)
    assert status == 400 and answer["code"] == "invalid_envelope", f"{status} {answer} for {body}"
