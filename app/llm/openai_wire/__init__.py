"""The vendors that speak OpenAI's chat completions, over the SDKs of OpenAI and Groq."""

from app.llm.openai_wire.adapter import Adapter

__all__ = ["Adapter"]
