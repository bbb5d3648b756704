"""Makes what others wrote fit for a terminal: escape sequences could move the cursor, or hide what is written."""

import json
from typing import Any


def plain(text: object, *, keep: str = "") -> str:
    """`text` with a space for every character that is not printable, but for those in `keep`."""
    return "".join(c if c.isprintable() or c in keep else " " for c in str(text))


def lines(text: object) -> str:
    """`text` with its line breaks and tabs, and no other control character."""
    return plain(text, keep="\n\t")


def as_json(value: Any) -> str:
    """`value` as JSON to read: what is not printable is escaped, so that it is the same value still."""
    written = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in written)
