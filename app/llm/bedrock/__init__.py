"""AWS Bedrock over boto3, which knows no asyncio: each request has a thread."""

from app.llm.bedrock.adapter import Adapter

__all__ = ["Adapter"]
