"""One thing is broken at a time; the doctor names the step, the cause and the fix, and blames nothing else."""

import pytest
from gateway.doctor.findings import Level

from tests.integration.doctor import broken_authorization, broken_serving
from tests.integration.doctor.conftest import Examine, Found
from tests.integration.doctor.spoiling import Broken, at, becomes
from tests.support.fake_mcp_server import REALM

BROKEN = broken_authorization.BROKEN | broken_serving.BROKEN


def levels(found: Found) -> dict[str, Level]:
    order = [Level.FAILURE, Level.WARNING, Level.NOT_CHECKED, Level.OK]
    return {step: min((f.level for f in findings), key=order.index) for step, findings in found.items()}


async def test_a_healthy_server_is_all_ok(fully: Examine) -> None:
    found = await fully()
    unasked = {step for step, level in levels(found).items() if level is not Level.OK}
    assert unasked == {"redirect"}, found
    assert found["redirect"][0].text == "no plain HTTP port is known: name it with --http-port"


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_what_is_broken_is_named_with_its_cause_and_fix(fully: Examine, broken: Broken) -> None:
    found = await fully(broken.spoil)
    matching = [f for f in found[broken.step] if f.level is broken.level and broken.cause in f.text]
    assert matching, found[broken.step]
    assert broken.fix in str(matching[0].fix)


async def test_introspection_that_is_closed_to_the_outside_is_as_it_should_be(fully: Examine) -> None:
    (found,) = (await fully(at(f"{REALM}/introspect", becomes(404))))["introspection"]
    assert (found.level, "--introspect-url" in found.text) == (Level.NOT_CHECKED, True)


@pytest.mark.parametrize("name", ["no scope", "another resource", "no PKCE", "no HSTS", "a tool twice", "GET breaks"])
async def test_only_the_broken_step_is_blamed(fully: Examine, name: str) -> None:
    found = levels(await fully(BROKEN[name].spoil))
    blamed = {step for step, level in found.items() if level in (Level.WARNING, Level.FAILURE)}
    # A challenge that leads elsewhere has consequences of its own: nothing else has
    assert blamed - {"resource-metadata", "well-known"} == {BROKEN[name].step} - {"resource-metadata", "well-known"}
