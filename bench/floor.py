"""The floor: aiohttp alone, no sessions, answers joined from ready bytes."""

import orjson
from aiohttp import WSMsgType, web

AGENT = {
    "stt": {"vendor": "deepgram", "deepgramOptions": {"model": "nova-3-general"}},
    "tts": {"vendor": "cartesia", "voice": "sonic-english"},
    "llm": {
        "vendor": "openai",
        "model": "gpt-4.1-mini",
        "llmOptions": {"systemPrompt": "You are a friendly weather assistant. " * 10},
    },
    "toolHook": "/tools",
    "eventHook": "/events",
}

ACK = orjson.dumps([{"verb": "agent", **AGENT}])


async def serve(request: web.Request) -> web.WebSocketResponse:
    """Answer what the load asks, as cheaply as aiohttp can."""
    ws = web.WebSocketResponse(protocols=("ws.jambonz.org",), compress=False, decode_text=False)
    await ws.prepare(request)
    async for frame in ws:
        message = orjson.loads(frame.data)
        kind = message["type"]
        if kind == "agent:tool-call":
            call_id = message["data"]["tool_call_id"].encode()
            await ws.send_frame(
                b'{"type":"command","command":"llm:tool-output","tool_call_id":"'
                + call_id
                + b'","data":{"temperature":11}}',
                WSMsgType.TEXT,
            )
        elif kind == "session:new":
            msgid = message["msgid"].encode()
            await ws.send_frame(
                b'{"type":"ack","msgid":"' + msgid + b'","data":' + ACK + b"}", WSMsgType.TEXT
            )
    return ws


def build() -> web.Application:
    """The floor's web application."""
    web_app = web.Application()
    web_app.router.add_get("/agent", serve)
    return web_app
