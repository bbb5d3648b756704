"""A server as a newcomer would write one, with a tool for each way in which a call can end.

``python -m tests.support.serving_sample`` runs it. Its tool ``wait`` holds a call open until a file exists.
"""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from mcp_serving import (
    Progress,
    ServerInfo,
    ServerSettings,
    Tool,
    Toolbox,
    ToolFailure,
    make_app,
    read_settings,
    serve,
)
from pydantic import BaseModel, Field

BASE = "mcp:sample"
EXTRA = "mcp:sample:extra"
SECRET = "the-secret-in-the-exception"
INFO = ServerInfo(name="sample", title="Sample", version="1.2.3", instructions="For tests.")


class Person(BaseModel):
    name: str
    age: int = 0


class Greeting(BaseModel):
    text: str


class Heard(BaseModel):
    heard: str


def greet(
    name: Annotated[str, Field(description="Whom to greet.", max_length=50)],
    times: Annotated[int, Field(ge=1, le=3)] = 1,
    loud: bool = False,
    tone: Literal["warm", "cool"] = "warm",
) -> Greeting:
    """Greet someone
    by name."""
    text = ", ".join(["hello"] * times) + f" {name} ({tone})"
    return Greeting(text=text.upper() if loud else text)


def measure(degrees: float, person: Person, weights: list[float] | None = None) -> Heard:
    """Say what arrived, with its types."""
    return Heard(heard=f"{degrees!r} {person!r} {weights!r}")


def fail() -> Greeting:
    """Always fail, and say why."""
    raise ToolFailure("this tool always fails; use another")


def crash() -> Greeting:
    """Raise what nobody foresaw."""
    raise RuntimeError(SECRET)


def secret() -> Greeting:
    """Need a further scope."""
    return Greeting(text="for your eyes only")


async def wait(started: str, until: str) -> Greeting:
    """Create the file ``started`` and wait until the file ``until`` exists."""
    Path(started).touch()  # noqa: ASYNC240 - the test is in another process, files are how it is told
    try:
        while not Path(until).exists():  # noqa: ASYNC110, ASYNC240 - as above
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        Path(started).with_suffix(".cancelled").touch()
        raise
    return Greeting(text="finished")


async def count(to: int, progress: Progress, pause: float = 0) -> Greeting:
    """Count, with a pause before each number, and report it."""
    for number in range(1, to + 1):
        await asyncio.sleep(pause)
        progress.report(number, total=to, message=f"at {number}")
    return Greeting(text=f"counted to {to}")


async def falter(progress: Progress) -> Greeting:
    """Report, and then raise what nobody foresaw."""
    progress.report(1)
    await asyncio.sleep(0.1)
    raise RuntimeError(SECRET)


def big(size: int) -> Greeting:
    """Answer a text of some length."""
    return Greeting(text="é" * size)


class Reading(BaseModel):
    value: Decimal


def read() -> Reading:
    """Answer a decimal."""
    return Reading(value=Decimal("0.10"))


def sample_toolbox() -> Toolbox:
    plain = [
        Tool.of(tool, title=tool.__name__.title())
        for tool in (greet, measure, fail, crash, wait, count, falter, big, read)
    ]
    return Toolbox(INFO, scopes=[BASE], tools=[*plain, Tool.of(secret, title="Secret", scopes=[EXTRA])])


def main() -> int:
    settings = read_settings(ServerSettings)
    return serve(make_app(sample_toolbox(), settings), settings)


if __name__ == "__main__":
    sys.exit(main())
