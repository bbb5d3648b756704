"""The steps: each is a function from a `Case` to findings, beside the pure functions that judge what it fetched."""
