"""The ten vendors, each played by a server of ours."""

from collections.abc import Callable, Mapping

from tests.llm.servers.anthropic import AnthropicServer
from tests.llm.servers.base import LoopbackVendor
from tests.llm.servers.bedrock import BedrockWire
from tests.llm.servers.google import GoogleServer, VertexGeminiServer
from tests.llm.servers.openai_wire import AzureWire, OpenAiWire, VertexWire

SERVERS: Mapping[str, Callable[[], LoopbackVendor]] = {
    "openai": OpenAiWire,
    "azure-openai": AzureWire,
    "deepseek": lambda: OpenAiWire("deepseek", "deepseek-v4-flash"),
    "groq": lambda: OpenAiWire("groq", "llama-3.3-70b-versatile"),
    "huggingface": lambda: OpenAiWire("huggingface", "meta-llama/Llama-3.3-70B-Instruct:fastest"),
    "vertex-openai": VertexWire,
    "anthropic": AnthropicServer,
    "google": GoogleServer,
    "vertex-gemini": VertexGeminiServer,
    "bedrock": BedrockWire,
}
