"""Readers of the two header values on which both the gateway and the servers decide."""

import re

_JSON_MEDIA_TYPE = re.compile(r'application/json[ \t]*(;[ \t]*charset=("?)utf-8\2[ \t]*)?', re.IGNORECASE)
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def is_json_media_type(content_type: str | None) -> bool:
    """Whether a body of this Content-Type is JSON in UTF-8: ``application/json``, charset absent or utf-8.

    Any other charset or parameter is refused: a server might decode the body by it and read something else.
    """
    if content_type == "application/json":  # as nearly every client writes it
        return True
    return content_type is not None and _JSON_MEDIA_TYPE.fullmatch(content_type.strip(" \t")) is not None


def parse_scopes(value: str) -> frozenset[str]:
    """The set of scope-tokens in a space-separated list (RFC 6749 §3.3). Case matters; an empty list is an empty set.

    Raises:
        ValueError: something in the list is no scope-token.
    """
    tokens = [token for token in value.split(" ") if token]
    for token in tokens:
        if not _SCOPE_TOKEN.fullmatch(token):
            raise ValueError(f"{token!r} is not a scope-token (RFC 6749 section 3.3)")
    return frozenset(tokens)
