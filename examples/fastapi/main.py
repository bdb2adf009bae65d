"""A FastAPI service that accepts Bulla's access tokens: it verifies them itself, against the server's key set.

    ISSUER=http://127.0.0.1:8080 uvicorn main:app --port 3000
"""

import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:8080")
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)

# Fetched when it is first needed, kept for an hour, and fetched again when a token names another key; but not more
# than once a minute, since anyone can invent a name.
key_set = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", lifespan=3600, cooldown_duration=60, timeout=5)

app = FastAPI()


def current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict:
    """The claims of the request's token. Nothing that a token says is believed before all of this holds."""
    try:
        token = jwt.decode_complete(
            credentials.credentials,
            key_set.get_signing_key_from_jwt(credentials.credentials),
            algorithms=["ES256"],  # the server's BULLA_SIGNING_ALG; what the token wants does not count
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "sid", "jti", "email"]},
        )
        if token["header"].get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("a JWT, but no access token")
    except jwt.PyJWKClientConnectionError as error:
        # Without keys, nothing can be said about the token: neither good nor bad.
        raise HTTPException(503, "the authentication server cannot be asked", {"Retry-After": "5"}) from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, "invalid token", {"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error
    return token["payload"]


CurrentUser = Annotated[dict, Depends(current_user)]


@app.get("/")
def everyone() -> str:
    return "for everyone"


@app.get("/me")
def me(user: CurrentUser) -> dict:
    return {"id": user["sub"], "email": user["email"]}
