"""The six operations: exact wherever the result is a decimal with an end, and bounded in time whatever the operands."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from typing import Annotated

from mcp_serving import ToolFailure
from pydantic import Field

from mcp_calculator.numbers import EXACT_DIGITS, MAX_EXPONENT, ROUNDED_DIGITS, Answer, Number, answer

AnyNumber = Annotated[Number, Field(description="Any number from -1e308 to 1e308.")]


def add(a: AnyNumber, b: AnyNumber) -> Answer:
    """Add two numbers: a + b. Exact, with decimals too: 0.1 + 0.2 is 0.3."""
    return answer(_context(EXACT_DIGITS).add(a, b), exact=True)


def subtract(a: AnyNumber, b: AnyNumber) -> Answer:
    """Subtract b from a: a - b. Exact, with decimals too."""
    return answer(_context(EXACT_DIGITS).subtract(a, b), exact=True)


def multiply(a: AnyNumber, b: AnyNumber) -> Answer:
    """Multiply two numbers: a * b. Exact, with decimals too."""
    return answer(_context(EXACT_DIGITS).multiply(a, b), exact=True)


def divide(a: AnyNumber, b: Annotated[Number, Field(description="Any number but 0.")]) -> Answer:
    """Divide a by b. Exact if the result has an end (1/8), or else (1/3) rounded to 50 digits and exact is false."""
    if not b:
        raise ToolFailure("Division by zero has no result. Use a divisor b other than 0.")
    return _exact_or_rounded(lambda context: context.divide(a, b))


def power(
    base: Annotated[Number, Field(description="Any number; not negative if the exponent has a fraction.")],
    exponent: Annotated[Number, Field(description="Any number, so long as the result stays under 1e308.")],
) -> Answer:
    """Raise base to the power of exponent. Exact if the result has an end, or else rounded to 50 digits. 0**0 is 1."""
    _refuse_power_without_result(base, exponent)
    if not base:
        return answer(Decimal(0 if exponent else 1), exact=True)
    size = exponent.copy_abs()  # abs() would round to the thread's precision
    root = _exact_power(base, size)

    def calculate(context: Context) -> Decimal:
        raised = context.power(base, size) if root is None else root
        return context.divide(1, raised) if exponent < 0 else raised

    return _exact_or_rounded(calculate, may_be_exact=root is not None)


def sqrt(number: Annotated[Number, Field(ge=0, description="Any number from 0.")]) -> Answer:
    """The square root of a number. Exact if it has an end (sqrt 2.25 is 1.5), or else rounded to 50 digits."""
    return _exact_or_rounded(lambda context: context.sqrt(number))


def _context(digits: int) -> Context:
    # The exponents have room for what is computed on the way; numbers.answer checks the result.
    return Context(digits, ROUND_HALF_EVEN, Emin=-9999, Emax=9999, traps=[DivisionByZero, InvalidOperation])


def _exact_or_rounded(calculate: Callable[[Context], Decimal], *, may_be_exact: bool = True) -> Answer:
    """Calculate with many digits; if even those are not enough, with few more than are promised."""
    context = _context(EXACT_DIGITS)
    if may_be_exact:
        value = calculate(context)
        if not context.flags[Inexact]:
            return answer(value, exact=True)
    return answer(_context(ROUNDED_DIGITS).plus(calculate(_context(ROUNDED_DIGITS + 20))), exact=False)


def _refuse_power_without_result(base: Decimal, exponent: Decimal) -> None:
    """
    Raises:
        ToolFailure: there is no real result, or it is far out of bounds.
    """
    if not base:
        if exponent < 0:
            raise ToolFailure("0 to a negative power is a division by zero. Use an exponent from 0, or another base.")
        return
    if base < 0 and not _is_whole(exponent):
        raise ToolFailure("A negative base with a fractional exponent has no real result. Use a whole exponent.")
    # The size of the result is known before it is computed, and computing it is what would take for ever.
    context = _context(20)
    magnitude = context.multiply(context.log10(base.copy_abs()), exponent)
    if magnitude.copy_abs() > MAX_EXPONENT + 1:
        bound = "is 1e308 or more in magnitude" if magnitude > 0 else "is closer to 0 than 1e-307"
        raise ToolFailure(f"The result {bound}. Use a smaller exponent.")


def _exact_power(base: Decimal, exponent: Decimal) -> Decimal | None:
    """``base`` to the ``exponent`` (0 or more), or None if that has no end or too many digits to find."""
    context = _context(EXACT_DIGITS)
    context.traps[Inexact] = True
    numerator, denominator = exponent.as_integer_ratio()
    if base.copy_abs() != 1 and (numerator > _MOST_FACTORS or denominator > _MOST_FACTORS):
        return None
    try:
        raised = context.power(base, numerator)
        if denominator == 1:
            return raised
        # The root of a fractional exponent is guessed from its first digits and counts if it proves right.
        guess = _context(30).plus(_context(40).power(base, exponent))
        return guess if context.power(guess, denominator) == raised else None
    except Inexact:
        return None


_MOST_FACTORS = 4000
"""2 to the 4000 has more than ``EXACT_DIGITS`` digits, and no other base but 1 and powers of ten has fewer."""


def _is_whole(value: Decimal) -> bool:
    return value == value.to_integral_value()
