"""Say what to do about what went wrong."""

from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")

_HINTS = (
    ("there is no host", "check how the address is spelled"),
    ("connection failed: TLS", "does it speak TLS? Without, the address begins with ws:"),
    (
        "connection failed",
        "nothing listens there. Start the application first; for this project: make run",
    ),
    (
        "upgrade refused: 401",
        "the application wants a name and a password: --user NAME --password WORD",
    ),
    ("upgrade refused: 403", "the application does not let this caller in"),
    ("upgrade refused: 404", "a server answers there, but no application has this path"),
    (
        "upgrade refused: 429",
        "the server has had too many failed attempts from here; wait a little",
    ),
    ("upgrade refused: 503", "the server is shutting down or has no room for another call"),
    ("upgrade refused: 5", "the server failed while it answered the upgrade; see its log"),
    ("is not HTTP", "something else listens at that port"),
    ("upgrade refused", "that address answers HTTP, but it is no WebSocket application"),
    (
        "no subprotocol",
        "the server must accept the subprotocol ws.jambonz.org; jambonz hangs up otherwise",
    ),
    (
        "handshake timed out",
        "the upgrade must be answered within 1.5 s; is the server blocked, or behind a slow proxy?",
    ),
    (
        "unknown verb 'agent'",
        "this platform has no agent verb: it needs jambonz 10.1 or newer (the open-source"
        " release has none)",
    ),
    ("unknown verb", "check how the verb is spelled"),
    (
        "no instructions",
        "the ack of session:new must hold at least one verb; jambonz refuses the call otherwise",
    ),
    (
        "no ack to session:new",
        "jambonz waits 5 s and then refuses the call with 480; did the handler fail? See its log",
    ),
    ("no ack", "jambonz waits 5 s for an ack; ack first, and send the rest by a command later"),
    (
        "the model failed",
        "cordboard models VENDOR tests a credential; --llm offline plays without one",
    ),
    ("InvalidMessage", "jambonz takes JSON frames of type ack or command, nothing else"),
    ("1009", "jambonz takes frames of up to 24576 bytes; send large parts as updates of the agent"),
    ("1011", "the application found its own session broken; see its log"),
    ("1006", "the connection was cut without a word: did the application crash?"),
)


def hint(problem: str) -> str:
    """Advice for a problem, or an empty string."""
    return next((advice for sign, advice in _HINTS if sign in problem), "")


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    return host in LOOPBACK or host.startswith("127.")


def origin(url: str) -> str:
    """The HTTP address of the server behind a WebSocket address."""
    parts = urlsplit(url)
    return f"{'https' if parts.scheme in ('wss', 'https') else 'http'}://{parts.netloc}"


def steering(url: str, call_sid: str, key: str) -> str:
    """A command for a second terminal that changes the call while it runs, in a few lines."""
    return (
        f"curl {origin(url)}/v1/calls/{call_sid}/agent \\\n"
        f'  -H "Authorization: Bearer {key}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -d \'{"type": "update_instructions",'
        ' "instructions": "You are now a pirate. Be brief."}\''
    )
