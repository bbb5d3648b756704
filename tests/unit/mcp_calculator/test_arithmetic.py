"""The calculator agrees with rational arithmetic that has no bounds."""

import json
import math
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_calculator import arithmetic
from mcp_calculator.numbers import ROUNDED_DIGITS, Answer
from mcp_calculator.toolbox import calculator_toolbox
from mcp_serving.json_text import to_json

from tests.support.json_schema import check_instance

NUMBERS = st.integers(-(10**40), 10**40).map(Decimal) | st.decimals(
    min_value=Decimal("-1e60"), max_value=Decimal("1e60"), places=30
)
POSITIVE = NUMBERS.filter(lambda number: number > 0)


TOOLBOX = calculator_toolbox()
WIDE = Context(prec=2000)


def exactly(answer: Answer) -> Fraction:
    assert answer.exact
    assert Decimal(answer.decimal) == answer.result
    return Fraction(answer.decimal)


def nearly(answer: Answer, true: Fraction) -> None:
    """The answer is ``true``, or says that it is rounded and is within half a unit of its last digit."""
    if answer.exact:
        assert Fraction(answer.decimal) == true
    else:
        assert len(WIDE.normalize(Decimal(answer.decimal)).as_tuple().digits) <= ROUNDED_DIGITS
        assert abs(Fraction(answer.decimal) - true) <= abs(true) * Fraction(51, 10) / 10**ROUNDED_DIGITS


@pytest.mark.covers("C2")
@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_sums_differences_and_products_are_exact(a: Decimal, b: Decimal) -> None:
    assert exactly(arithmetic.add(a, b)) == Fraction(a) + Fraction(b)
    assert exactly(arithmetic.subtract(a, b)) == Fraction(a) - Fraction(b)
    assert exactly(arithmetic.multiply(a, b)) == Fraction(a) * Fraction(b)


@pytest.mark.covers("C2")
@settings(deadline=None)
@given(NUMBERS, NUMBERS.filter(bool))
def test_quotients_are_exact_or_say_that_they_are_rounded(a: Decimal, b: Decimal) -> None:
    nearly(arithmetic.divide(a, b), Fraction(a) / Fraction(b))


@settings(deadline=None)
@given(NUMBERS, st.integers(0, 60), st.integers(0, 60))
def test_a_quotient_that_has_an_end_is_exact(a: Decimal, twos: int, fives: int) -> None:
    answer = arithmetic.divide(a, WIDE.create_decimal(2**twos * 5**fives))
    assert exactly(answer) == Fraction(a) / (2**twos * 5**fives)


@pytest.mark.covers("C2")
@settings(deadline=None)
@given(st.decimals(min_value=-1000, max_value=1000, places=3).filter(bool), st.integers(-40, 40))
def test_powers_with_whole_exponents_are_exact_or_say_that_they_are_rounded(base: Decimal, exponent: int) -> None:
    nearly(arithmetic.power(base, Decimal(exponent)), Fraction(base) ** exponent)


@settings(deadline=None)
@given(st.decimals(min_value=Decimal("0.01"), max_value=1000, places=2), st.sampled_from([2, 4, 5, 8]))
def test_a_root_that_has_an_end_is_exact(root: Decimal, degree: int) -> None:
    answer = arithmetic.power(WIDE.power(root, degree), 1 / Decimal(degree))
    assert exactly(answer) == Fraction(root)


@settings(deadline=None)
@given(POSITIVE, st.decimals(min_value=-4, max_value=4, places=3))
def test_powers_agree_with_floating_point(base: Decimal, exponent: Decimal) -> None:
    answer = arithmetic.power(base, exponent)
    assert float(answer.result) == pytest.approx(float(base) ** float(exponent), rel=1e-9)


@pytest.mark.covers("C2")
@settings(deadline=None)
@given(POSITIVE)
def test_a_square_root_is_exact_or_rounded_correctly(number: Decimal) -> None:
    answer = arithmetic.sqrt(number)
    root = Fraction(answer.decimal)
    assert answer.exact == (root * root == Fraction(number))
    assert abs(root * root - Fraction(number)) <= Fraction(number) * Fraction(11, 10**ROUNDED_DIGITS)


@settings(deadline=None)
@given(st.integers(0, 10**60))
def test_the_square_root_of_a_square_is_exact(root: int) -> None:
    assert exactly(arithmetic.sqrt(Decimal(root**2))) == root


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_a_result_survives_json_and_conforms_to_its_schema(a: Decimal, b: Decimal) -> None:
    written = to_json(arithmetic.multiply(a, b).model_dump())
    assert Fraction(json.loads(written, parse_float=Decimal)["result"]) == Fraction(a) * Fraction(b)
    assert math.isfinite(json.loads(written)["result"])
    tool = TOOLBOX.find("multiply")
    assert tool is not None
    check_instance(json.loads(written), tool.output_schema)


@pytest.mark.parametrize(
    ("answer", "result", "exact"),
    [
        (arithmetic.add(Decimal("0.1"), Decimal("0.2")), "0.3", True),
        (arithmetic.subtract(Decimal(1), Decimal(1)), "0", True),
        (arithmetic.multiply(Decimal("-0"), Decimal(5)), "0", True),
        (arithmetic.multiply(Decimal("1.50"), Decimal(2)), "3", True),
        (arithmetic.add(Decimal("1e20"), Decimal(0)), "1" + "0" * 20, True),
        (arithmetic.divide(Decimal(1), Decimal(8)), "0.125", True),
        (arithmetic.divide(Decimal(1), Decimal(3)), "0." + "3" * 50, False),
        (arithmetic.divide(Decimal(2), Decimal(3)), "0." + "6" * 49 + "7", False),
        (arithmetic.power(Decimal(2), Decimal(100)), str(2**100), True),
        (arithmetic.power(Decimal(2), Decimal(-2)), "0.25", True),
        (arithmetic.power(Decimal(0), Decimal(0)), "1", True),
        (arithmetic.power(Decimal(0), Decimal("0.5")), "0", True),
        (arithmetic.power(Decimal("2.25"), Decimal("1.5")), "3.375", True),
        (arithmetic.power(Decimal("0.25"), Decimal("-0.5")), "2", True),
        (arithmetic.power(Decimal(-2), Decimal(3)), "-8", True),
        (arithmetic.power(Decimal(-1), Decimal("1" + "0" * 306 + "1")), "-1", True),
        (arithmetic.power(Decimal(10), Decimal(307)), str(10**307), True),
        (arithmetic.sqrt(Decimal("2.25")), "1.5", True),
        (arithmetic.sqrt(Decimal(0)), "0", True),
        (arithmetic.sqrt(Decimal(2)), "1.4142135623730950488016887242096980785696718753769", False),
    ],
)
def test_examples(answer: Answer, result: str, exact: bool) -> None:
    assert (answer.decimal, answer.exact) == (result, exact)


def test_a_whole_result_is_a_json_integer() -> Any:
    assert to_json(arithmetic.divide(Decimal(6), Decimal(2)).model_dump()).startswith('{"result":3,')
