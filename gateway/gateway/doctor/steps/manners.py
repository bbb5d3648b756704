"""What every answer shows besides its body: security headers, a banner, the server's clock."""

import re
import time
from email.utils import parsedate_to_datetime

from gateway.doctor.case import Case
from gateway.doctor.findings import Findings, failure, not_checked, ok, or_ok, warning
from gateway.doctor.rpc import ACCEPT, INITIALIZE
from gateway.doctor.wire import Answer

NOTICEABLE, HARMFUL = 30, 300  # seconds: tokens live for minutes, and issuers allow for little


async def security_headers(case: Case) -> Findings:
    """For browsers that come here: stay on https, guess no content types."""
    answer = await _refusal(case)
    wanted = {"x-content-type-options": "nosniff"}
    if case.target.is_tls:
        wanted["strict-transport-security"] = "max-age="
    missing = [name for name, value in wanted.items() if value not in answer.header(name).lower()]
    findings = [warning(f"no {name}", f"add it to every answer, errors too ({wanted[name]}…)") for name in missing]
    return or_ok(findings, ", ".join(wanted))


async def banner(case: Case) -> Findings:
    """A version tells an attacker which holes to try."""
    answer = await _refusal(case)
    shown = {name: answer.header(name) for name in ("server", "x-powered-by") if answer.header(name)}
    telling = {name: value for name, value in shown.items() if re.search(r"\d", value)}
    findings = [warning(f"{name}: {value}", f"remove the {name} header") for name, value in telling.items()]
    return or_ok(findings, ", ".join(f"{n}: {v}" for n, v in shown.items()) or "none")


async def clock(case: Case) -> Findings:
    """Both clocks agree; else tokens are not valid yet, or not any more."""
    return judge_clock(await _refusal(case))


def judge_clock(answer: Answer) -> Findings:
    """The Date header against this machine's clock in the middle of the exchange."""
    try:
        ahead = parsedate_to_datetime(answer.header("date")).timestamp() - answer.asked_at
    except (ValueError, TypeError, OverflowError):
        return [not_checked("the answer has no Date header to compare with")]
    if abs(ahead) < NOTICEABLE:
        return [ok("agrees with this machine's to within seconds")]
    text = f"is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    judge = failure if abs(ahead) > HARMFUL else warning
    return [judge(text, f"set both clocks by NTP (here it is {time.strftime('%H:%M:%S', time.gmtime())} UTC)")]


async def _refusal(case: Case) -> Answer:
    """The answer to the first contact; asked again where that was no refusal."""
    return case.refusal or await case.wire.ask("POST", case.target.url, headers=ACCEPT, json_body=INITIALIZE)
