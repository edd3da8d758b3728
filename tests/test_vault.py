"""The vault: what is sealed, what opens, and what is said where it does not."""

import pytest
from cryptography.fernet import Fernet

from app.vault import Vault, VaultError

OLD, NEW, OTHER = "old" * 12, "new" * 12, "other" * 8


@pytest.mark.parametrize("text", ["", "sk-1234", "pässwörter 🔑", "x" * 10_000])
def test_what_is_sealed_opens_again(text: str) -> None:
    vault = Vault([NEW])
    sealed = vault.seal(text)

    assert vault.open(sealed) == text
    assert sealed.isascii()
    assert not text or text not in sealed


def test_the_same_text_is_sealed_otherwise_each_time() -> None:
    vault = Vault([NEW])

    assert vault.seal("sk-1234") != vault.seal("sk-1234")


def test_an_older_key_still_opens_and_the_newer_one_seals() -> None:
    sealed_before = Vault([OLD]).seal("sk-1234")
    both = Vault([NEW, OLD])

    assert both.open(sealed_before) == "sk-1234"
    assert Vault([NEW]).open(both.seal("sk-1234")) == "sk-1234"


@pytest.mark.parametrize(
    "sealed",
    [Vault([OTHER]).seal("sk-1234"), "", "nonsense", "ä", "gAAAAA="],
    ids=["of another key", "nothing", "nonsense", "no ASCII", "cut off"],
)
def test_what_no_key_has_sealed_says_what_to_do(sealed: str) -> None:
    with pytest.raises(VaultError, match=r"CORDBOARD_SECRET_KEY.*set the older key too") as caught:
        Vault([NEW, OLD]).open(sealed)

    assert "sk-1234" not in str(caught.value)


def test_a_changed_secret_does_not_open() -> None:
    sealed = Vault([NEW]).seal("sk-1234")
    changed = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]

    with pytest.raises(VaultError):
        Vault([NEW]).open(changed)


def test_each_purpose_has_keys_of_its_own() -> None:
    vault = Vault([NEW, OLD])
    cookies = vault.derive("cookies")

    assert len(set(cookies)) == 2
    assert cookies == Vault([NEW, OLD]).derive("cookies")
    assert not set(cookies) & set(vault.derive("links"))
    with pytest.raises(VaultError):
        vault.open(Fernet(cookies[0]).encrypt(b"sk-1234").decode())


def test_a_vault_needs_a_key() -> None:
    with pytest.raises(ValueError, match="CORDBOARD_SECRET_KEY"):
        Vault([])
