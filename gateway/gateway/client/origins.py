"""Whether a URL leads to the authorization server that was asked: passwords and codes go nowhere else."""

from urllib.parse import urljoin

import httpx


def is_at(url: str, origin: str) -> bool:
    """Whether `url` has the scheme, host and port of `origin` (RFC 6454 §5); a default port may be left out."""
    found = _origin(url)
    return found is not None and found == _origin(origin)


def resolve(base: str, reference: str) -> str:
    """`reference` as a link on the page `base` (RFC 3986 §5); as it is where it is no URL, which leads nowhere."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


def _origin(url: str) -> tuple[str, bytes] | None:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    return (parsed.scheme, parsed.netloc) if parsed.host else None
