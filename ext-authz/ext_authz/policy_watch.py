"""Takes a changed policy file up while requests are served. A bad one is refused, and the one in force stays.

The file is read twice a second and its bytes compared. That sees a file replaced by a rename (editors, Kubernetes) and
one in a mounted folder where no notification arrives, and for a file of a few kilobytes it costs nothing that could be
measured. A change counts once two looks saw the same bytes, so that half a file is never taken for a whole one.
"""

import asyncio
from pathlib import Path
from typing import Protocol

from ext_authz.policy import Policy
from ext_authz.policy_file import PolicyError, parse_policy
from ext_authz.policy_in_force import PolicyInForce, Refused

LOOK_EVERY_SECONDS = 0.5
_NOTHING = object()
"""In place of a file's content; no content equals it."""


class WatchRecorder(Protocol):
    """Is told of each file that was taken up or refused."""

    def policy_accepted(self, resources: list[str]) -> None: ...

    def policy_refused(self, source: str, line: int, text: str) -> None: ...


class PolicyWatch:
    """Looks at ``file`` and brings ``policy`` up to date with it."""

    def __init__(self, file: Path, public_url: str, policy: PolicyInForce, recorder: WatchRecorder) -> None:
        self._file = file
        self._public_url = public_url
        self._policy = policy
        self._recorder = recorder
        self._taken: object = _NOTHING  # so that a change since the start is seen too
        self._seen: object = _NOTHING

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            self.look()

    def look(self) -> None:
        """One look: a change that the last look saw as well is taken up.

        Raises nothing: with the watch's end no later change would be taken up, and nobody would be told.
        """
        try:
            self._look()
        except Exception as error:  # noqa: BLE001 - a fault of ours; its text may quote the file, so its type is told
            self._taken = _NOTHING  # each further look tries again: memory may be there by then
            self._refuse_once(PolicyError(str(self._file), 1, f"cannot be taken up: {type(error).__name__}"))

    def _look(self) -> None:
        now = self._read()
        if now == self._seen and now != self._taken:
            self._taken = now
            self._take_up(now)
        self._seen = now

    def _read(self) -> bytes | None:
        try:
            return self._file.read_bytes()
        except OSError:
            return None

    def _take_up(self, content: bytes | None) -> None:
        try:
            policy = self._parse(content)
        except PolicyError as error:
            self._refuse(error)
        else:
            is_news = self._policy.refused is not None or policy.resources != self._policy.resources
            self._policy.accept(policy)
            if is_news:
                self._recorder.policy_accepted(sorted(policy.resources))

    def _refuse_once(self, error: PolicyError) -> None:
        if self._policy.refused != Refused(error.line, error.text):
            self._refuse(error)

    def _refuse(self, error: PolicyError) -> None:
        self._policy.refuse(Refused(error.line, error.text))
        self._recorder.policy_refused(error.source, error.line, error.text)

    def _parse(self, content: bytes | None) -> Policy:
        source = str(self._file)
        if content is None:
            raise PolicyError(source, 1, "cannot be read any more: is it there, and may this user read it?")
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise PolicyError(source, content[: error.start].count(b"\n") + 1, "is not UTF-8") from error
        return parse_policy(text, self._public_url, source=source)
