"""What a step finds: values, without a word on how they are shown."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. A warning troubles some clients; a failure keeps clients out, or lets in whom it should not."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: what is the case (the cause, where it is bad), and what mends it."""

    level: Level
    text: str
    fix: str | None = None


Findings = list[Finding]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step found; `key` is for programs, `title` for people."""

    key: str
    title: str
    findings: Findings


def ok(text: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, text)


def warning(text: str, fix: str) -> Finding:
    """Some clients will stumble, or a recommendation is not followed."""
    return Finding(Level.WARNING, text, fix)


def failure(text: str, fix: str) -> Finding:
    """Clients cannot use this, or a requirement of a specification is broken."""
    return Finding(Level.FAILURE, text, fix)


def not_checked(reason: str) -> Finding:
    """Nothing is known about this."""
    return Finding(Level.NOT_CHECKED, reason)


def or_ok(found: Findings, text: str) -> Findings:
    """What was found, or that all is well."""
    return found or [ok(text)]
