"""Whether an upgrade comes from jambonz: by user name and password."""

import base64
import hmac

from app.settings import Settings


def has_credentials(authorization: str, settings: Settings) -> bool:
    """Whether a header carries the settings' user and password; compared in constant time."""
    if not settings.ws_user:
        return True
    scheme, _, encoded = authorization.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        given = b""
    password = settings.ws_password.get_secret_value() if settings.ws_password else ""
    return hmac.compare_digest(given, f"{settings.ws_user}:{password}".encode())
