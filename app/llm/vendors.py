"""The table of vendors; another one that speaks OpenAI's wire is a three-line entry."""

from app.llm.auth import API_KEY, AZURE, BEDROCK_IAM, BEDROCK_KEY, GOOGLE, VERTEX
from app.llm.openai_wire.quirks import Quirks
from app.llm.vendor import ModelFacts, Vendor


def openai_wire(
    id_: str, name: str, base_url: str, *models: ModelFacts, wire: Quirks | None = None
) -> Vendor:
    """A vendor that speaks OpenAI's chat completions and takes an API key."""
    quirks = {"wire": wire or Quirks()}
    return Vendor(id_, name, (API_KEY,), "app.llm.openai_wire", base_url, models, quirks)


_SEES = {"vision": True}
_GPT = [
    ModelFacts("gpt-5.4-mini", vision=True, context_tokens=400_000),
    ModelFacts("gpt-5.4", vision=True, context_tokens=400_000),
    ModelFacts("gpt-5.5", vision=True, context_tokens=400_000),
    ModelFacts("gpt-4.1-mini", vision=True, context_tokens=1_047_576),
    ModelFacts("gpt-4o-mini", vision=True, context_tokens=128_000),
]
_GEMINI = (
    ModelFacts("gemini-2.5-flash", vision=True, context_tokens=1_048_576),
    ModelFacts("gemini-2.5-pro", vision=True, context_tokens=1_048_576),
    ModelFacts("gemini-3.1-flash-lite", vision=True, context_tokens=1_048_576),
    ModelFacts("gemini-3.8-flash", vision=True, context_tokens=1_048_576),
)

ALL: tuple[Vendor, ...] = (
    openai_wire(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        *_GPT,
        wire=Quirks(max_tokens="auto", effort="openai", hides_obfuscation=True),
    ),
    Vendor(
        "anthropic",
        "Anthropic",
        (API_KEY,),
        "app.llm.anthropic",
        "https://api.anthropic.com",
        (
            ModelFacts("claude-haiku-4-5-20251001", vision=True, context_tokens=200_000),
            ModelFacts("claude-sonnet-4-6", vision=True, context_tokens=200_000),
            ModelFacts("claude-haiku-5-5", vision=True, context_tokens=1_000_000),
            ModelFacts("claude-sonnet-5-5", vision=True, context_tokens=1_000_000),
        ),
    ),
    Vendor(
        "google",
        "Google AI Studio",
        (GOOGLE,),
        "app.llm.google",
        "https://generativelanguage.googleapis.com",
        _GEMINI,
    ),
    Vendor("vertex-gemini", "Vertex AI, Gemini", (VERTEX,), "app.llm.google", "", _GEMINI),
    Vendor(
        "vertex-openai",
        "Vertex AI, partner models",
        (VERTEX,),
        "app.llm.openai_wire",
        "",
        (
            ModelFacts("meta/llama-3.3-70b-instruct-maas", context_tokens=128_000),
            ModelFacts("mistral-large", context_tokens=128_000),
        ),
        {
            "wire": Quirks(
                client="vertex",
                default_max_tokens=4096,  # without it Llama answers with nothing
                lists_models=False,
                retries_bare_400=True,
            )
        },
    ),
    Vendor(
        "bedrock",
        "AWS Bedrock",
        (BEDROCK_IAM, BEDROCK_KEY),
        "app.llm.bedrock",
        "",
        (
            ModelFacts("amazon.nova-micro-v1:0", context_tokens=128_000),
            ModelFacts(
                "us.anthropic.claude-haiku-4-5-20251001-v1:0", vision=True, context_tokens=200_000
            ),
        ),
    ),
    openai_wire(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com/v1",
        ModelFacts("deepseek-v4-flash", context_tokens=1_000_000),
        ModelFacts("deepseek-v4-pro", context_tokens=1_000_000),
        wire=Quirks(effort="deepseek"),
    ),
    Vendor(
        "azure-openai",
        "Azure OpenAI",
        (AZURE,),
        "app.llm.openai_wire",
        "",
        tuple(_GPT),
        {
            "wire": Quirks(
                client="azure",
                max_tokens="max_completion_tokens",
                effort="openai",
                lists_models=False,
            )
        },
    ),
    openai_wire(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        ModelFacts("llama-3.3-70b-versatile", context_tokens=131_072),
        ModelFacts("llama-3.1-8b-instant", context_tokens=131_072),
        wire=Quirks(
            client="groq",
            max_tokens="max_completion_tokens",
            effort="groq",
            retries_failed_calls=True,
        ),
    ),
    openai_wire(
        "huggingface",
        "Hugging Face",
        "https://router.huggingface.co/v1",
        ModelFacts("meta-llama/Llama-3.3-70B-Instruct", context_tokens=128_000),
    ),
)

VENDORS: dict[str, Vendor] = {vendor.id: vendor for vendor in ALL}
