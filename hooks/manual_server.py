"""An MCP server on standard input and output: the manual of a router, for ``handlers/mcp.py``.

The application runs it as a program of its own, as it would any server that others have written.
"""

MANUAL = {
    "reset": "Hold the button at the back for ten seconds, until the light blinks.",
    "password": "The password of the WLAN is on the label underneath.",
    "light": "A red light means: no signal on the line. Check the cable to the wall.",
}


def search_manual(topic: str) -> str:
    """Search the manual of the router: reset, password, light.

    Args:
        topic: What to look for, in one word.
    """
    found = [text for word, text in MANUAL.items() if word in topic.lower()]
    return " ".join(found) or f"The manual says nothing about {topic}."


def main() -> None:
    """Serve until standard input ends."""
    from mcp.server.mcpserver import MCPServer  # noqa: PLC0415  (not for whoever imports hooks)

    server = MCPServer("manual")
    server.tool()(search_manual)
    server.run("stdio")


if __name__ == "__main__":
    main()
