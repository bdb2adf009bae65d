"""FastAPI's security tutorial (OAuth2 with password and hashing, bearer with JWT), its dict replaced by a database."""

import os
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from multiprocessing import parent_process
from threading import Thread
from typing import Annotated

import jwt
from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI, HTTPException, status
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from jwt.exceptions import InvalidTokenError
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, create_engine, select

SECRET_KEY = os.environ["SECRET_KEY"]
ALGORITHM = "HS256"
ACCESS_TOKEN_LIFETIME = timedelta(minutes=30)

if os.environ["HASH"] == "equal":
    password_hash = PasswordHash([Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1)])
else:
    password_hash = PasswordHash.recommended()

DUMMY_HASH = password_hash.hash("dummypassword")

engine = create_engine(f"sqlite:///{os.environ['DATA']}/users.db")


@event.listens_for(engine, "connect")
def set_pragmas(connection, _record):
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


class User(SQLModel):
    username: str = Field(unique=True)
    email: str | None = None
    full_name: str | None = None
    disabled: bool = False


class UserInDB(User, table=True):
    __tablename__ = "users"
    id: int | None = Field(default=None, primary_key=True)
    hashed_password: str


class Registration(SQLModel):
    username: str
    password: str
    email: str | None = None
    full_name: str | None = None


class Token(SQLModel):
    access_token: str
    token_type: str


class TokenData(SQLModel):
    username: str


def create_db_and_tables():
    SQLModel.metadata.create_all(engine)


@asynccontextmanager
async def lifespan(_app: FastAPI):
    # Uvicorn's workers outlive a parent that is killed.
    Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()
    # One hash at a time in each process: more only disturb each other, and take memory.
    current_default_thread_limiter().total_tokens = 1
    yield


app = FastAPI(lifespan=lifespan)
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")


def get_user(username: str) -> UserInDB | None:
    with Session(engine) as session:
        return session.exec(select(UserInDB).where(UserInDB.username == username)).first()


def authenticate_user(username: str, password: str) -> UserInDB | None:
    user = get_user(username)
    if not user:
        password_hash.verify(password, DUMMY_HASH)
        return None
    return user if password_hash.verify(password, user.hashed_password) else None


def create_access_token(username: str) -> str:
    claims = {"sub": username, "exp": datetime.now(timezone.utc) + ACCESS_TOKEN_LIFETIME}
    return jwt.encode(claims, SECRET_KEY, algorithm=ALGORITHM)


def unauthorized(detail: str) -> HTTPException:
    return HTTPException(status.HTTP_401_UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})


async def get_token_data(token: Annotated[str, Depends(oauth2_scheme)]) -> TokenData:
    try:
        claims = jwt.decode(token, SECRET_KEY, algorithms=[ALGORITHM])
        return TokenData(username=claims["sub"])
    except (InvalidTokenError, KeyError):
        raise unauthorized("Could not validate credentials")


# As in the tutorial it is `async`: so short a read costs less than a way to a thread and back.
async def get_current_active_user(token: Annotated[TokenData, Depends(get_token_data)]) -> User:
    user = get_user(token.username)
    if user is None:
        raise unauthorized("Could not validate credentials")
    if user.disabled:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "Inactive user")
    return user


# This and the login are not `async`, so that hashing runs on the threads.
@app.post("/register", status_code=status.HTTP_201_CREATED)
def register(registration: Registration) -> User:
    profile = registration.model_dump(exclude={"password"})
    user = UserInDB(**profile, hashed_password=password_hash.hash(registration.password))
    with Session(engine) as session:
        session.add(user)
        try:
            session.commit()
        except IntegrityError:
            raise HTTPException(status.HTTP_409_CONFLICT, "Username already registered")
        session.refresh(user)
    return user


@app.post("/token")
def login_for_access_token(form_data: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Token:
    user = authenticate_user(form_data.username, form_data.password)
    if not user:
        raise unauthorized("Incorrect username or password")
    return Token(access_token=create_access_token(user.username), token_type="bearer")


@app.get("/verify")
async def verify(token: Annotated[TokenData, Depends(get_token_data)]) -> TokenData:
    return token


@app.get("/users/me/")
async def read_users_me(current_user: Annotated[User, Depends(get_current_active_user)]) -> User:
    return current_user
