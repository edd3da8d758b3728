"""Gemini over google-genai: with an API key of AI Studio, or on Vertex AI."""

from app.llm.google.adapter import Adapter

__all__ = ["Adapter"]
