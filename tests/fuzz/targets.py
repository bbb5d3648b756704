"""What is fuzzed, by name. A target takes any bytes, and raises where an invariant is broken."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.check import check_spelled, check_wire, wire_of
from tests.fuzz.endpoint import endpoint
from tests.fuzz.spelled import spelled

CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Target:
    """``seed`` turns a text of the corpus in ``folder`` into the bytes that ``run`` takes."""

    run: Callable[[bytes], None]
    folder: str
    seed: Callable[[bytes], bytes] = bytes

    def seeds(self) -> dict[str, bytes]:
        """By the name of their file."""
        files = sorted((CORPUS / self.folder).glob("*.txt"))
        return {file.stem: self.seed(file.read_bytes()) for file in files}


TARGETS = {
    "check": Target(check_spelled, "check"),
    "wire": Target(check_wire, "check", lambda text: wire_of(spelled(text))),
    "endpoint": Target(endpoint, "endpoint"),
}
