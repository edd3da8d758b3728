"""Scenarios in which real processes and real servers are killed, frozen, and started again."""
