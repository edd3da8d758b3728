"""Agents kept as data: what they are, and how they become what jambonz runs."""

from app.stored.data import AgentData

__all__ = ["AgentData"]
