"""What a person and a program see."""

import io
import json

from gateway.doctor.cleaning import LONGEST, clean
from gateway.doctor.findings import Outcome, failure, not_checked, ok, warning
from gateway.doctor.present import Printer, as_json, summary
from gateway.doctor.table import STEPS
from rich.console import Console

OUTCOMES = [
    Outcome("dns", "DNS", [ok("[red]localhost[/red] is 127.0.0.1")]),
    Outcome("tcp", "TCP", [failure("nothing listens", "start it"), warning("odd", "mend it")]),
    Outcome("tls", "TLS", [not_checked("nothing listens")]),
    Outcome("http2", "HTTP/2", [not_checked("nothing listens")]),
    Outcome("pkce", "PKCE", [not_checked("another reason")]),
]


def printed() -> list[str]:
    written = io.StringIO()
    printer = Printer(Console(file=written, width=40, highlight=False, markup=False, emoji=False))
    for outcome in OUTCOMES:
        printer.show(outcome)
    printer.flush()
    return written.getvalue().splitlines()


def test_each_finding_is_one_line_without_colours_in_a_pipe() -> None:
    assert printed() == [
        "ok           DNS               [red]localhost[/red] is 127.0.0.1",
        "failure      TCP               nothing listens; fix: start it",
        "warning      TCP               odd; fix: mend it",
        "not checked  2 steps           nothing listens (TLS, HTTP/2)",
        "not checked  PKCE              another reason",
    ]


def test_the_summary_counts_each_kind() -> None:
    assert summary(OUTCOMES) == "1 ok, 1 warning, 1 failure, 3 not checked"


def test_json_has_every_finding_with_its_fix_and_no_character_that_a_terminal_obeys() -> None:
    outcome = Outcome("dns", "DNS", [failure("\u202e\x9b", "mend it")])
    text = as_json("https://a/mcp", [outcome])
    assert text.isascii()
    assert json.loads(text) == {
        "url": "https://a/mcp",
        "ok": False,
        "counts": {"ok": 0, "warning": 0, "failure": 1, "not checked": 0},
        "findings": [{"step": "dns", "level": "failure", "text": "\u202e\x9b", "fix": "mend it"}],
    }


def test_a_secret_is_hidden_before_a_text_is_cut() -> None:
    text = "x" * (LONGEST - 5) + "a-long-secret"
    cleaned = clean(failure(text, "a-long-secret"), ["a-long-secret"])
    assert "a-lon" not in cleaned.text
    assert len(cleaned.text) == LONGEST + 1
    assert cleaned.fix == "[hidden]"


def test_every_step_has_a_key_of_its_own_and_a_title_that_fits() -> None:
    assert len({step.key for step in STEPS}) == len(STEPS)
    assert max(len(step.title) for step in STEPS) < 18
