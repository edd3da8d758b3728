"""OpenTelemetry traces: call, turn, tool, as children of jambonz' own spans.

Only imported where ``CORDBOARD_OTLP_ENDPOINT`` is set; it needs the extra ``tracing``.
"""

from app.tracing.export import setup, start

__all__ = ["setup", "start"]
