import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_serving.json_text import to_json

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(JSON_VALUES)
def test_what_is_written_reads_back_the_same(value: object) -> None:
    assert json.loads(to_json(value)) == value


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_every_digit(value: Decimal) -> None:
    read = json.loads(to_json([value]), parse_float=Decimal, parse_int=Decimal)
    assert read == [value]


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_decimal_that_json_cannot_write_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NaN"):
        to_json({"value": Decimal(text)})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_float_that_json_cannot_write_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json([value])


@pytest.mark.parametrize("value", [{1: "x"}, {"x": object()}])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_json(value)
