"""The secrets of an organisation, opened for whoever needs them in a call."""

from collections.abc import Mapping
from typing import Any

import orjson

from app.store.organisation import LOOKUP_SECRET, VENDOR, Organisation
from app.vault import Vault

__all__ = ["lookup_secret", "seal_vendor_key", "vendor_keys"]


def lookup_secret(organisation: Organisation, vault: Vault) -> str:
    """What proves to the address of the caller lookup who asks; empty where there is none.

    Raises:
        VaultError: It does not open.
    """
    sealed = organisation.secrets.get(LOOKUP_SECRET)
    return "" if sealed is None else vault.open(sealed)


def vendor_keys(organisation: Organisation, vault: Vault) -> Mapping[str, Mapping[str, Any]]:
    """The credentials of model vendors, as `connect` takes them.

    Raises:
        VaultError: One does not open.
    """
    return {
        vendor: orjson.loads(vault.open(organisation.secrets[VENDOR + vendor]))
        for vendor in organisation.vendors
    }


def seal_vendor_key(credential: str | Mapping[str, Any], vault: Vault) -> str:
    """A credential for the store; a text is the key alone."""
    fields = {"apiKey": credential} if isinstance(credential, str) else dict(credential)
    return vault.seal(orjson.dumps(fields).decode())
