"""Identity: all that tells who somebody is, on one node."""

from app.identity.passwords import Passwords
from app.identity.ring import Ring
from app.identity.sessions import Sessions
from app.store import Store
from app.store.accounts import Accounts
from app.store.directory import Account, Directory
from app.vault import Vault

__all__ = ["Identity"]


class Identity:
    """Tells who somebody is.

    Args:
        store: Where people, keys and credentials stand.
        vault: Signs cookies.
        passwords: How passwords are checked.
    """

    def __init__(self, store: Store, vault: Vault, *, passwords: Passwords | None = None) -> None:
        self.directory = Directory(store)
        self.accounts = Accounts(store)
        self.passwords = passwords or Passwords()
        self.ring = Ring(self.directory)
        self.sessions = Sessions(self.directory, self.accounts, vault)

    async def check_password(self, email: str, password: str) -> Account | None:
        """Who has this address and this password; takes as long where nobody has the address."""
        account = await self.directory.account(email)
        hashed = account.password if account else None
        if not await self.passwords.check(password, hashed) or account is None or hashed is None:
            return None
        if self.passwords.is_outdated(hashed):
            new = await self.passwords.hash(password)
            await self.accounts.rehash(account.id, old=hashed, new=new)
        return account
