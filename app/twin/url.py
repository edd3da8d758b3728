"""Reads the address of an application as people write it."""

from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


class BadUrl(ValueError):
    """What was given is no address of a WebSocket; the message is one line that says why."""


def split_url(text: str, sample: str) -> tuple[str, str | None, str | None]:
    """The address to dial, and the user name and password that were written into it.

    Args:
        text: Such as `wss://user:password@app.example.com/agent`; a path is one of the sample's.
        sample: What an error shows as right.

    Raises:
        BadUrl: If it is no address of a WebSocket.
    """
    try:
        parts = urlsplit(urljoin(sample, text) if text.startswith("/") else text)
        port = parts.port
    except ValueError as error:
        raise BadUrl(f"{text}: {error}") from None
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise BadUrl(f"{text!r} is no address; expected something like {sample}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = host if port is None else f"{host}:{port}"
    url = urlunsplit((scheme, place, parts.path or "/", parts.query, parts.fragment))
    name, word = parts.username, parts.password
    return url, None if name is None else unquote(name), None if word is None else unquote(word)
