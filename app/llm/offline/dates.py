"""Days and times in what a caller says, as words or as ISO 8601."""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

from app.llm.offline.words import listed

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = listed(
    "january february march april may june july august september october november december"
)
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)}|{'|'.join(m[:3] for m in _MONTHS)})\.?"
_NUMBER = r"(?P<number>\d{1,2})(?:st|nd|rd|th)?"
_NEAR = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1, "day after tomorrow": 2}

_DATES = [
    re.compile(rf"(?i)\b{pattern}\b")
    for pattern in (
        r"(?P<iso>\d{4}-\d{2}-\d{2})",
        r"(?P<near>day after tomorrow|today|tonight|tomorrow|yesterday)",
        rf"(?:(?P<which>next|this|coming)\s+)?(?P<day>{'|'.join(_DAYS)})",
        rf"{_MONTH}\s+(?:the\s+)?{_NUMBER}",
        rf"(?:the\s+)?{_NUMBER}\s+(?:of\s+)?{_MONTH}",
        r"in\s+(?P<count>\d{1,3})\s+(?P<unit>day|week)s?",
        r"(?P<span>(?:this|next)\s+(?:week(?:end)?|month|year))",
    )
]
_TIMES = [
    re.compile(rf"(?i)\b{pattern}")
    for pattern in (
        r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>[ap]\.?m\b\.?|o['’]?clock\b)",
        r"(?P<hour>\d{1,2}):(?P<minute>\d{2})\b",
        r"(?P<word>noon|midday|midnight)\b",
        r"(?P<part>morning|afternoon|evening)\b",
    )
]


@dataclass(frozen=True, slots=True)
class Moment:
    """A day or a time that was said: the words, where they stand, and ISO 8601 if it is exact."""

    text: str
    start: int
    end: int
    iso: str


def find_date(text: str, today: date) -> Moment | None:
    """The first day that is mentioned, counted from `today`."""
    for pattern in _DATES:
        match = pattern.search(text)
        if match:
            return Moment(match.group(), match.start(), match.end(), _iso_date(match, today))
    return None


def find_time(text: str) -> Moment | None:
    """The first time of day that is mentioned."""
    for pattern in _TIMES:
        match = pattern.search(text)
        if match:
            return Moment(match.group(), match.start(), match.end(), _iso_time(match))
    return None


def _iso_date(match: "re.Match[str]", today: date) -> str:
    said = {key: value.lower() for key, value in match.groupdict().items() if value}
    if "iso" in said:
        return said["iso"]
    if "near" in said:
        return (today + timedelta(days=_NEAR[said["near"]])).isoformat()
    if "day" in said:
        ahead = (_DAYS.index(said["day"]) - today.weekday()) % 7 or 7
        return (today + timedelta(days=ahead)).isoformat()
    if "count" in said:
        days = int(said["count"]) * (7 if said["unit"] == "week" else 1)
        return (today + timedelta(days=days)).isoformat()
    if "month" in said:
        return _in_month(said["month"], int(said["number"]), today)
    return ""


def _in_month(name: str, day: int, today: date) -> str:
    month = next(n for n, full in enumerate(_MONTHS, 1) if full.startswith(name[:3]))
    try:
        found = date(today.year, month, day)
        return (found if found >= today else date(today.year + 1, month, day)).isoformat()
    except ValueError:
        return ""


def _iso_time(match: "re.Match[str]") -> str:
    said = {key: value.lower() for key, value in match.groupdict().items() if value}
    if "word" in said:
        return "00:00:00" if said["word"] == "midnight" else "12:00:00"
    if "hour" not in said:
        return ""
    hour, half = int(said["hour"]), said.get("half", "")
    if half.startswith(("a", "p")):
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    minute = int(said.get("minute", "0"))
    return time(hour, minute).isoformat() if hour < 24 and minute < 60 else ""
