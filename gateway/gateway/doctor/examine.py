"""Runs the steps, one after the other, under one deadline."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from gateway.doctor.case import Case, Options
from gateway.doctor.cleaning import clean, secrets_of
from gateway.doctor.findings import Finding, Findings, Outcome, failure, not_checked
from gateway.doctor.table import STEPS, Step
from gateway.doctor.target import Target
from gateway.doctor.wire import NoAnswer, Wire


async def examine(target: Target, options: Options) -> list[Outcome]:
    """Every outcome."""
    return [outcome async for outcome in walk(target, options)]


async def walk(target: Target, options: Options) -> AsyncIterator[Outcome]:
    """The outcome of each step as it comes."""
    case = open_case(target, options)
    ends = asyncio.get_running_loop().time() + options.total_seconds
    try:
        async for outcome in outcomes(case, STEPS, ends):
            yield outcome
    finally:
        await case.wire.aclose()


def open_case(target: Target, options: Options) -> Case:
    """An examination of which nothing is known yet. Whoever opens it closes its wire."""
    case = Case(target, options, Wire(options.trust, target.origin, options.step_seconds))
    case.wire.token = options.token
    return case


async def outcomes(case: Case, steps: Iterable[Step], ends: float) -> AsyncIterator[Outcome]:
    """Of some steps, until the loop's time `ends`. No text in one holds a secret, even if the server sent one back."""
    for step in steps:
        found = await _findings(step, case, ends)
        yield Outcome(step.key, step.title, [clean(finding, secrets_of(case)) for finding in found])


async def _findings(step: Step, case: Case, ends: float) -> Findings:
    if asyncio.get_running_loop().time() >= ends:
        return [not_checked(f"the {case.options.total_seconds:.0f} s for everything are over")]
    reason = next((why for need in step.needs if (why := need(case))), None)
    if reason:
        return [not_checked(reason)]
    try:
        async with asyncio.timeout_at(ends):
            return await step.run(case)
    except NoAnswer as error:
        return [failure(error.text, error.fix)]
    except (TimeoutError, OSError) as error:
        return [broke_off(error, case.options.total_seconds)]


def broke_off(error: Exception, seconds: float) -> Finding:
    """What ended a step; a TimeoutError has no words of its own."""
    why = str(error) or f"no answer within the {seconds:.0f} s of --timeout"
    return failure(f"broke off ({why})", "look at the load and the log of the server")
