"""The numbers that the calculator takes and gives, and their bounds.

A number is zero, or of a magnitude from 1e-307 up to (not including) 1e308, with at most 308 significant digits. So
each of them is within the range of an IEEE 754 double, and a client that holds JSON numbers as doubles (JavaScript)
reads a finite one. And so nothing here takes long: operands are checked before anything is computed.
"""

from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Subnormal, Underflow
from typing import Annotated, Any

from mcp_serving import ToolFailure
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

MAX_EXPONENT = 307
MAX_DIGITS = 308

ROUNDED_DIGITS = 50
"""Significant digits of a result that has no end, such as 1/3."""

_TOO_LONG_INT_BITS = 1100
"""An int beyond this is over 1e308; turning a far longer one into digits would take time quadratic in its length."""


def _operand(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a JSON number")  # noqa: TRY004 - pydantic reports a ValueError, not a TypeError
    if isinstance(value, int) and value.bit_length() > _TOO_LONG_INT_BITS:
        raise ValueError("must be less than 1e308 in magnitude")
    try:
        return _bounds(MAX_DIGITS).plus(Decimal(value))
    except DecimalException as error:
        raise ValueError(_why_out_of_bounds(error)) from error


Number = Annotated[Decimal, BeforeValidator(_operand), WithJsonSchema({"type": "number"})]
"""A JSON number without loss: the reader keeps 0.1 as one tenth."""


class Answer(BaseModel):
    """The result of a calculation."""

    result: Annotated[int | Decimal, WithJsonSchema({"type": "number"})] = Field(description="The result.")
    decimal: str = Field(description="The same digits as text, for readers whose numbers hold about 17 of them.")
    exact: bool = Field(description=f"False: rounded to {ROUNDED_DIGITS} significant digits.")


def answer(value: Decimal, *, exact: bool) -> Answer:
    """The answer that ``value`` makes.

    Raises:
        ToolFailure: its magnitude is out of bounds.
    """
    try:
        bounded = _bounds(EXACT_DIGITS).plus(value)
    except DecimalException as error:
        raise ToolFailure(f"The result {_why_out_of_bounds(error)}. Calculate with smaller numbers.") from error
    digits = _plain(bounded)
    whole = "." not in digits
    return Answer(result=int(digits) if whole else Decimal(digits), decimal=digits, exact=exact)


EXACT_DIGITS = 1000
"""Enough for every sum, difference and product of two operands, which have 923 digits at most."""


def _bounds(digits: int) -> Context:
    # General Decimal Arithmetic, "Exceptional conditions": these traps are the bounds. A subnormal is a number under
    # 1e-307; Inexact means that digits would be lost, which zeros at the end are not.
    traps = [Inexact, InvalidOperation, Overflow, Subnormal, Underflow]
    return Context(prec=digits, Emax=MAX_EXPONENT, Emin=-MAX_EXPONENT, traps=traps)


def _why_out_of_bounds(error: DecimalException) -> str:
    if isinstance(error, Overflow):
        return "must be less than 1e308 in magnitude"
    if isinstance(error, Subnormal | Underflow):
        return "must be zero, or at least 1e-307 in magnitude"
    return f"must have at most {MAX_DIGITS} significant digits"


def _plain(value: Decimal) -> str:
    digits = format(value, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in {"-0", ""} else digits
