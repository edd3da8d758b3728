"""Which model plays an agent: the vendor's own where there is a key, else the offline one."""

from collections.abc import Mapping
from typing import Any

from app.llm import ChatModel, ModelError, connect, vendors
from app.twin.log import Log
from app.twin.platform import Platform

OFFLINE = "offline"
PLACES = ("baseurl", "endpoint", "apiurl", "host")
REHEARSED = (OFFLINE, "fake")
"""Models that know nothing but what the twin asks them in a turn."""


def cast_model(platform: Platform, llm: Mapping[str, Any], log: Log) -> ChatModel:
    """The model that plays the `llm` of an agent verb.

    A model that the twin was given plays every agent. Otherwise the verb's vendor is asked, with
    the verb's `auth` or the twin's own key; without either the offline model plays, and a note says
    so.

    Raises:
        ModelError: If there is no such vendor, or the credential or an option makes no sense.
    """
    if platform.model is not None:
        return platform.model
    vendor, model = str(llm.get("vendor") or ""), str(llm.get("model") or "")
    if not vendor:
        return _offline(platform, log, "the verb names no llm")
    auth, keys = _mapping(llm, "auth"), platform.keys
    if platform.pin is not None and _places(llm):
        return _offline(platform, log, f"{vendor} at an address of one's own is not asked here")
    id_ = vendor.lower()
    if id_ in vendors() and id_ != OFFLINE and not auth and not keys.get(id_):
        return _offline(platform, log, f"there is no key for {vendor}")
    return connect(
        f"{vendor}:{model}" if model else vendor,
        auth=auth or None,
        connect_options=_mapping(llm, "connectOptions"),
        llm_options=_mapping(llm, "llmOptions"),
        keys=keys,
    )


def is_rehearsed(model: ChatModel) -> bool:
    """Whether it is no neural network, and need not expect to be asked for a brief."""
    return model.id.partition(":")[0] in REHEARSED


def _offline(platform: Platform, log: Log, why: str) -> ChatModel:
    text = f"the offline model plays the agent: {why}"
    if not any(entry.data.get("text") == text for entry in log.entries):
        log.note(text, llm=OFFLINE)
    return platform.offline


def _places(llm: Mapping[str, Any]) -> list[str]:
    """The addresses that a verb names for its model."""
    options = (_mapping(llm, "auth"), _mapping(llm, "connectOptions"))
    return [key for given in options for key in given if fold(key) in PLACES]


def fold(key: str) -> str:
    """A name of an option, in either spelling."""
    return key.replace("_", "").replace("-", "").lower()


def _mapping(llm: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = llm.get(key)
    if value is not None and not isinstance(value, Mapping):
        text = f"llm.{key}: expected an object; got {value!r:.40}"
        raise ModelError(text, kind="bad_request", vendor=str(llm.get("vendor")))
    return dict(value or {})
