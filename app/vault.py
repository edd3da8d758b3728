"""Secrets at rest: what the store keeps of vendor keys and passwords is sealed here.

The store never sees a plain secret, and a copy of its file is worth nothing without the key, which
comes from the settings.
"""

import base64
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["Vault", "VaultError"]

KEY_BYTES: Final = 32
SEALS: Final = "seal a secret in the store"


class VaultError(Exception):
    """A sealed secret cannot be opened: no key that is set here has sealed it."""


class Vault:
    """Seals and opens short texts.

    Args:
        keys: Secret texts, at least one. The first seals; each of them opens, so that a new key can
            be put in front while values that an older one has sealed are still about.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("a vault needs a key: expected CORDBOARD_SECRET_KEY, came none")
        self._keys = tuple(keys)
        self._fernet = MultiFernet([Fernet(key) for key in self.derive(SEALS)])

    def derive(self, purpose: str) -> list[bytes]:
        """A key of its own for each of the vault's, for something else that needs one.

        Args:
            purpose: Words that name it; another purpose gives unrelated keys.
        """
        return [base64.urlsafe_b64encode(_derive(key, purpose)) for key in self._keys]

    def seal(self, text: str) -> str:
        """The text, encrypted and signed: ASCII, each time another."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed.

        Raises:
            VaultError: It was changed, or sealed with a key that is not set here.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except (InvalidToken, ValueError):
            raise VaultError(
                "a stored secret does not open: expected one that a key of CORDBOARD_SECRET_KEY "
                "(or data_dir/secret-key) has sealed; set the older key too, or save it anew"
            ) from None


def _derive(key: str, purpose: str) -> bytes:
    """From a text of any length; the texts are random, so that no slow derivation is needed."""
    info = b"cordboard: " + purpose.encode()
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key.encode())
