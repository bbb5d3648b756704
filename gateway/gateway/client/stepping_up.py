"""Asks for few scopes first, and for more when a tool turns out to need them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from gateway.client.errors import Refused

Result = TypeVar("Result")


def with_step_up(
    use: Callable[[str], Result],
    sign_in: Callable[[Sequence[str]], str],
    first: Sequence[str],
    *,
    allowed: Sequence[str],
    tell: Callable[[str], None],
) -> Result:
    """`use` a token for the scopes `first`; where it is refused for want of scopes, once more with those as well.

    Only scopes of `allowed` are added: the answer comes through the server, which must not choose what a person grants.
    """
    try:
        return use(sign_in(first))
    except Refused as refused:
        more = [scope for scope in refused.needs if scope not in first]
        if not more or not set(more) <= set(allowed):
            raise
    tell(f"This needs {' '.join(more)} too: signing in again")
    return use(sign_in([*first, *more]))
