"""Claude over Anthropic's own API and SDK."""

from app.llm.anthropic.adapter import Adapter

__all__ = ["Adapter"]
