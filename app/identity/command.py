"""``cordboard organisation``: what whoever runs the server does about organisations and people.

It works on the store itself: it needs no server and no key, and nobody to have been there before.
"""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import Final, get_args

from pydantic import TypeAdapter, ValidationError

from app.identity.passwords import Passwords, complaint
from app.identity.scopes import Role
from app.identity.words import Email
from app.store import Store, StoreError, open_store
from app.store.accounts import Accounts
from app.store.directory import Directory
from app.store.people import AlreadyMember

__all__ = ["add_arguments", "run"]

GOOD, BAD = 0, 2
FIRST: Final = "The applications in code and the keys of the settings belong to it."
ASKED: Final = (
    "The password is asked for at the terminal; elsewhere it is the first line of the input."
)


class Refused(Exception):
    """What was asked for is not done; the message says why and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make one, with its owner", epilog=ASKED)
    create.add_argument("name", help='such as "Harbour Dental"')
    create.add_argument("--owner", required=True, metavar="EMAIL", help="who signs in first")
    create.set_defaults(work=_create)
    listed = actions.add_parser("list", help="list all, with their ids")
    listed.set_defaults(work=_list)
    add = actions.add_parser("add", help="let somebody known belong to one more")
    add.add_argument("email", help="of somebody who signs in already")
    add.add_argument("--to", required=True, metavar="ID", help="as `list` shows it")
    add.add_argument("--role", choices=get_args(Role), default="viewer")
    add.set_defaults(work=_add)
    password = actions.add_parser("password", help="give somebody another password", epilog=ASKED)
    password.add_argument("email", help="of who has lost theirs")
    password.set_defaults(work=_password)


def run(args: argparse.Namespace, url: str) -> int:
    """Do it to the store at an address; gives the exit code."""
    try:
        sys.stdout.write(asyncio.run(_with_store(url, args)) + "\n")
    except (Refused, StoreError) as error:
        sys.stderr.write(f"cordboard: {error}\n")
        return BAD
    return GOOD


async def _with_store(url: str, args: argparse.Namespace) -> str:
    work: Callable[[Store, argparse.Namespace], Awaitable[str]] = args.work
    store = await open_store(url)
    try:
        return await work(store, args)
    finally:
        await store.close()


async def _create(store: Store, args: argparse.Namespace) -> str:
    name, email = args.name.strip(), _email(args.owner)
    if not name or len(name) > 200 or not name.isprintable():
        raise Refused(f"expected a name of 1 to 200 characters, came {name[:50]!r}")
    known = await Directory(store).account(email)
    hashed = None if known and known.password else await _ask_hashed(email)
    made, is_first = await Accounts(store).found(name=name, email=email, password=hashed)
    told = f"{name} is there ({made}), and {email} owns it."
    return f"{told} {FIRST}" if is_first else told


async def _list(store: Store, _args: argparse.Namespace) -> str:
    rows = await Accounts(store).organisations()
    width = max((len(name) for _, name, _ in rows), default=0)
    return "\n".join(f"{id_}  {name:{width}}  people: {people}" for id_, name, people in rows)


async def _add(store: Store, args: argparse.Namespace) -> str:
    email, there = _email(args.email), {row[0]: row[1] for row in await _organisations(store)}
    if args.to not in there:
        known = ", ".join(there)
        raise Refused(f"there is no organisation {args.to!r}; expected one of {known}")
    if await Directory(store).account(email) is None:
        raise Refused(f"nobody has the address {email}; an owner invites whoever is new")
    try:
        people = store.tenant(args.to, "system").people
        await people.add(email=email, name="", role=args.role, is_known_elsewhere=True)
    except AlreadyMember:
        raise Refused(f"{email} belongs to {there[args.to]} already") from None
    return f"{email} belongs to {there[args.to]} as {args.role}."


async def _password(store: Store, args: argparse.Namespace) -> str:
    email = _email(args.email)
    account = await Directory(store).account(email)
    if account is None:
        raise Refused(f"nobody has the address {email}")
    hashed = await _ask_hashed(email)
    await Accounts(store).set_password(account.id, hashed, actor="system")
    return f"{email} has another password, and is signed out everywhere."


async def _organisations(store: Store) -> list[tuple[str, str, int]]:
    return [*await Accounts(store).organisations()]


def _email(text: str) -> str:
    try:
        return TypeAdapter(Email).validate_python(text.strip())
    except ValidationError:
        raise Refused(f"expected an address such as owner@example.com, came {text!r}") from None


async def _ask_hashed(email: str) -> str:
    """A new password, hashed: never an argument, since those are in the list of processes."""
    password = _ask() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if (wrong := complaint(password, email)) is not None:
        raise Refused(f"the password: {wrong}")
    return await Passwords().hash(password)


def _ask() -> str:
    password = getpass.getpass("New password: ")
    if getpass.getpass("The same again: ") != password:
        raise Refused("the two are not the same")
    return password
