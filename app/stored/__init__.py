"""Agents kept as data: what they are, and how they become what jambonz runs."""

from app.stored.data import AgentData
from app.stored.equip import Outfitter
from app.stored.hooks import CallHooks
from app.stored.order import Order
from app.stored.source import StoredAgents

__all__ = ["AgentData", "CallHooks", "Order", "Outfitter", "StoredAgents"]
