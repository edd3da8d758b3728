"""Tools that an organisation defines: one HTTP request each, described as data."""

from app.builtin_tools.http.build import build_http_tool
from app.builtin_tools.http.definition import RESERVED, HttpTool
from app.builtin_tools.http.request import Outcome, ask, plan_of

__all__ = ["RESERVED", "HttpTool", "Outcome", "ask", "build_http_tool", "plan_of"]
