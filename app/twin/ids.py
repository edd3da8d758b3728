"""The ids of a twin: random, or the same again for the same seed."""

import uuid
from random import Random

_ALPHABET = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))


class Ids:
    """Makes ids in the forms that jambonz uses.

    Args:
        seed: Makes a repeatable row of ids; None makes others each time.
    """

    def __init__(self, seed: int | str | None = None) -> None:
        self._random = Random(seed)  # noqa: S311  (names of calls, no secrets)

    def sid(self) -> str:
        """A sid, which is a UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def msgid(self) -> str:
        """A 22-character short id of a message."""
        return self._random.randbytes(22).translate(_LETTERS).decode()

    def hex(self, size: int) -> str:
        """So many bytes, in hexadecimal."""
        return f"{self._random.getrandbits(8 * size):0{2 * size}x}"
