"""Agents kept as data: what they are, and how they become what jambonz runs."""

from app.stored.data import AgentData
from app.stored.equip import BUILDERS
from app.stored.source import Builder, Order, StoredAgents, key_in

__all__ = ["BUILDERS", "AgentData", "Builder", "Order", "StoredAgents", "key_in"]
