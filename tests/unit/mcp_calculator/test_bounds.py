"""What the calculator refuses, and that it does so quickly."""

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_calculator.toolbox import calculator_toolbox
from mcp_serving import ToolFailure
from mcp_serving.json_text import to_json
from mcp_serving.signature import BadArguments

REFUSED_S = 0.1  # S13; a refusal takes under 1 ms
BOUND_S = 1.0  # the hardest case takes some 40 ms, and an unbounded one minutes: this tells the two apart
"""Both of this thread's own CPU time: by the clock, other programs on the machine would count as well."""

D = Decimal
TOOLBOX = calculator_toolbox()


async def call(name: str, **arguments: Any) -> dict[str, Any]:
    tool = TOOLBOX.find(name)
    assert tool is not None
    return await tool.call(arguments)


async def refusal(name: str, **arguments: Any) -> str:
    started = time.thread_time()
    with pytest.raises((ToolFailure, BadArguments)) as refused:
        await call(name, **arguments)
    assert time.thread_time() - started < REFUSED_S
    return str(refused.value)


@pytest.mark.covers("S13", "C2")
@pytest.mark.parametrize(
    ("base", "exponent", "told"),
    [
        (10, 10**9, "1e308 or more"),
        (9, 9**9, "1e308 or more"),
        (2, 1024, "1e308"),
        (-9, 387420489, "1e308 or more"),
        (D("0.5"), D("1e9"), "closer to 0 than 1e-307"),
        (10, -308, "1e-307"),
        (D("1e307"), D("1e307"), "1e308 or more"),
        (D("1e-307"), D("-1e307"), "1e308 or more"),
        (D("1.0001"), D("1e300"), "1e308 or more"),
        (D("0.9999"), D("1e300"), "closer to 0 than 1e-307"),
        (D("1.5"), D("1e100") + D("0.5"), "1e308 or more"),
        (D("1e999999999"), 2, "less than 1e308"),
        (2, D("1e999999999"), "less than 1e308"),
        (2, D("1e-1000000"), "at least 1e-307"),
        (0, -1, "division by zero"),
        (0, D("-0.5"), "division by zero"),
        (-8, D("0.5"), "whole exponent"),
    ],
)
async def test_a_power_without_a_result_in_bounds_is_refused_quickly(base: Any, exponent: Any, told: str) -> None:
    assert told in await refusal("power", base=base, exponent=exponent)


@pytest.mark.covers("S13")
@pytest.mark.parametrize(
    ("base", "exponent"),
    [
        (D("1." + "0" * 306 + "1"), D("1e307")),
        (D("1." + "0" * 306 + "1"), D("1e306") + D("0.5")),
        (D("0." + "9" * 307), D("-1e306")),
        (D("1.0000001"), D("1e9")),
        (D("1." + "7" * 307), D("3." + "3" * 307)),
        (D("9" * 300), D("0." + "3" * 300)),
        (D("1.1"), D("4000")),
        (D("1.0001"), D("3999.0001")),
        (D("1." + "1" * 307), D("4000")),
    ],
)
async def test_a_power_that_is_hard_work_is_computed_within_the_bound(base: Decimal, exponent: Decimal) -> None:
    started = time.thread_time()
    await call("power", base=base, exponent=exponent)
    assert time.thread_time() - started < BOUND_S


@pytest.mark.covers("S13")
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
@pytest.mark.parametrize(
    ("number", "told"),
    [
        (D("1e308"), "less than 1e308"),
        (10**308, "less than 1e308"),
        pytest.param(-(10**4000), "less than 1e308", id="minus-1e4000"),
        pytest.param(1 << 3_000_000, "less than 1e308", id="3-million-bits"),
        (D("-1e999999999999999999"), "less than 1e308"),
        (D("1e-308"), "at least 1e-307"),
        (D("1e-1000000"), "at least 1e-307"),
        (D("0." + "7" * 309), "at most 308 significant digits"),
        (D("0." + "7" * 1_000_000), "at most 308 significant digits"),
    ],
)
async def test_an_operand_out_of_bounds_is_refused_before_anything_is_computed(
    name: str, number: Any, told: str
) -> None:
    assert told in await refusal(name, a=number, b=1)
    assert told in await refusal(name, a=1, b=number)


@pytest.mark.covers("M7")
@pytest.mark.parametrize("value", ["1", True, None, [1], {"a": 1}, D("NaN"), D("Infinity"), D("sNaN"), 1.5, "0x10"])
async def test_what_is_no_finite_json_number_is_refused(value: Any) -> None:
    assert 'argument "a"' in await refusal("add", a=value, b=1)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("divide", {"a": 1, "b": 0}, "other than 0"),
        ("divide", {"a": 0, "b": D("0.0")}, "other than 0"),
        ("divide", {"a": D("1e300"), "b": D("1e-300")}, "less than 1e308"),
        ("multiply", {"a": D("1e200"), "b": D("1e200")}, "less than 1e308"),
        ("multiply", {"a": D("1e-200"), "b": D("1e-200")}, "at least 1e-307"),
        ("add", {"a": D("9.9e307"), "b": D("9.9e307")}, "less than 1e308"),
        ("sqrt", {"number": -1}, "greater than or equal to 0"),
        ("sqrt", {}, "missing"),
        ("sqrt", {"number": 4, "x": 1}, 'no argument "x"'),
    ],
)
async def test_a_result_that_does_not_exist_is_refused_with_advice(name: str, arguments: Any, told: str) -> None:
    assert told in await refusal(name, **arguments)


JSON_NUMBERS = st.integers() | st.decimals(allow_nan=False) | st.integers(-(10**320), 10**320)


@pytest.mark.covers("S13", "S12")
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["add", "subtract", "multiply", "divide", "power"]), JSON_NUMBERS, JSON_NUMBERS)
def test_any_two_numbers_give_a_json_result_or_a_refusal(name: str, a: Any, b: Any) -> None:
    names = ("base", "exponent") if name == "power" else ("a", "b")
    calling = call(name, **dict(zip(names, (a, b), strict=True)))
    started = time.thread_time()
    try:
        calling.send(None)  # a plain function's tool never waits, so the first step is the last
    except StopIteration as done:
        to_json(done.value)
    except (ToolFailure, BadArguments):
        pass
    assert time.thread_time() - started < BOUND_S
