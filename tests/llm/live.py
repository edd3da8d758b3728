"""A real vendor in the place of a server of ours; what only a script can show is skipped."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.llm import ChatModel, Keys, ModelError, connect
from app.llm.connecting import find
from app.settings import SettingsError, load_llm_keys
from tests.llm.servers.base import Answer

SCRIPTED = "needs a server with a script"


class LiveVendor:
    """Stands where a `LoopbackVendor` does, for the tests that ask what any model can answer.

    Attributes:
        vendor: The vendor's id.
        model: The model that is asked.
    """

    def __init__(self, spec: str, keys: Keys) -> None:
        id_, _, model = spec.partition(":")
        try:
            row = find(id_, spec)
        except ModelError as unknown:
            raise pytest.UsageError(str(unknown)) from None
        if row.id not in keys:
            known = ", ".join(sorted(keys)) or "none"
            fields = " or ".join(", ".join(form.required) for form in row.auth)
            raise pytest.UsageError(
                f"no key for {row.id!r}: CORDBOARD_LLM_KEYS has {known};"
                f" expected {row.id!r} with {fields} (docs/settings.md)"
            )
        self.vendor = row.id
        self.model = model or row.models[0].id
        self._auth = keys[row.id]

    def auth(self) -> Mapping[str, Any]:
        """The credential of the settings."""
        return self._auth

    def connect(self, model: str = "", **options: Any) -> ChatModel:
        """The real model."""
        spec = f"{self.vendor}:{model or self.model}"
        return connect(spec, auth=self._auth, connect_options=options)

    def answer(self, *answers: Answer) -> None:
        """Leave it to the model, where a script holds nothing but what it says."""
        if any(answer != Answer(answer.parts) for answer in answers):
            pytest.skip(SCRIPTED)

    def forget(self) -> None:
        """There is nothing to forget."""


def keys() -> Keys:
    """The credentials of the settings, by vendor."""
    try:
        return load_llm_keys()
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
