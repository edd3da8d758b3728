"""``cordboard organisation`` as it is typed."""

import asyncio
import getpass
import io
from collections.abc import Callable
from typing import Any

import pytest

from app import __main__ as command_line
from app.identity import Identity
from app.organisation import DEFAULT_ORGANISATION
from app.store import open_store
from app.vault import Vault
from tests.identity.asking import OWNER, PASSWORD, cheap_passwords

Cordboard = Callable[..., int]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def cordboard(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Cordboard:
    """Runs a command, with what is typed into it."""
    monkeypatch.setenv("CORDBOARD_DATABASE_URL", store_url)
    monkeypatch.setattr("app.identity.command.Passwords", cheap_passwords)

    def run(*words: str, typed: str = f"{PASSWORD}\n") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return command_line.main(["organisation", *words])

    return run


def ask(url: str, email: str, password: str) -> Any:
    """Whether somebody could sign in, and the organisations that they belong to."""

    async def work() -> Any:
        store = await open_store(url)
        try:
            identity = Identity(store, Vault(["k" * 32]), passwords=cheap_passwords())
            account = await identity.check_password(email, password)
            return account and await identity.directory.memberships(account.id)
        finally:
            await store.close()

    return asyncio.run(work())


def test_the_first_organisation_owns_what_the_settings_say(
    cordboard: Cordboard, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cordboard("create", "Harbour Dental", "--owner", "Owner@Example.com") == 0
    told = capsys.readouterr()
    (member,) = ask(store_url, OWNER, PASSWORD)

    assert "Harbour Dental is there" in told.out
    assert "keys of the settings" in told.out
    assert PASSWORD not in told.out + told.err
    assert (member.organisation_id, member.organisation, member.role) == (
        DEFAULT_ORGANISATION,
        "Harbour Dental",
        "owner",
    )


def test_a_further_one_is_a_new_one_and_its_owner_keeps_their_password(
    cordboard: Cordboard, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cordboard("create", "Harbour", "--owner", OWNER)
    assert cordboard("create", "Pier", "--owner", OWNER, typed="") == 0
    cordboard("list")
    told = capsys.readouterr().out

    assert [one.organisation for one in ask(store_url, OWNER, PASSWORD)] == ["Harbour", "Pier"]
    assert f"{DEFAULT_ORGANISATION}  Harbour  people: 1" in told


def test_somebody_known_is_added_to_one_more(
    cordboard: Cordboard, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cordboard("create", "Harbour", "--owner", OWNER)
    cordboard("create", "Pier", "--owner", "owner@other.example")
    words = ("add", "owner@other.example", "--to", DEFAULT_ORGANISATION, "--role", "editor")
    assert cordboard(*words) == 0
    assert cordboard(*words) == 2
    roles = {one.organisation: one.role for one in ask(store_url, "owner@other.example", PASSWORD)}

    assert roles == {"Pier": "owner", "Harbour": "editor"}
    assert "belongs to Harbour already" in capsys.readouterr().err


def test_a_lost_password_is_replaced(cordboard: Cordboard, store_url: str) -> None:
    cordboard("create", "Harbour", "--owner", OWNER)
    assert cordboard("password", OWNER, typed="another horse battery\n") == 0

    assert ask(store_url, OWNER, PASSWORD) is None
    assert ask(store_url, OWNER, "another horse battery")


def test_at_a_terminal_the_password_is_asked_for_twice(
    cordboard: Cordboard, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([PASSWORD, "something else", PASSWORD, PASSWORD])
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(answers))
    monkeypatch.setattr("sys.stdin", Terminal())
    words = ["organisation", "create", "Harbour", "--owner", OWNER]

    assert command_line.main(words) == 2
    assert command_line.main(words) == 0
    assert ask(store_url, OWNER, PASSWORD)


@pytest.mark.parametrize(
    ("words", "typed", "complaint"),
    [
        (("create", "Harbour", "--owner", "nobody"), PASSWORD, "expected an address"),
        (("create", " ", "--owner", OWNER), PASSWORD, "expected a name"),
        (("create", "Harbour", "--owner", OWNER), "short", "12 to 256 characters"),
        (("create", "Harbour", "--owner", OWNER), "", "12 to 256 characters"),
        (("password", OWNER), PASSWORD, "nobody has the address"),
        (("add", OWNER, "--to", "none"), "", "there is no organisation 'none'"),
        (("add", OWNER, "--to", DEFAULT_ORGANISATION), "", "an owner invites"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_done(
    cordboard: Cordboard,
    store_url: str,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    typed: str,
    complaint: str,
) -> None:
    assert cordboard(*words, typed=typed) == 2
    assert complaint in capsys.readouterr().err
    assert ask(store_url, OWNER, PASSWORD) is None


def test_a_password_is_never_an_argument(cordboard: Cordboard) -> None:
    with pytest.raises(SystemExit):
        cordboard("create", "Harbour", "--owner", OWNER, "--password", PASSWORD)
