"""What a container finds is what its layers add up to."""

import io
import tarfile

from supply_chain.layers import Image
from supply_chain.reproducible import differences


def layer(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def image(*layers: bytes) -> Image:
    names = tuple(f"{number}/layer.tar" for number in range(len(layers)))
    archive = tarfile.open(fileobj=io.BytesIO(layer(*zip(names, layers, strict=True))))  # noqa: SIM115 - of bytes
    return Image({}, archive, names)


def test_a_later_layer_covers_and_takes_away_and_the_earlier_is_still_there_to_be_searched() -> None:
    one = image(
        layer(("a/key", b"secret"), ("a/kept", b"1"), ("b/x", b"2")), layer(("a/.wh.key", b""), ("b/.wh..wh..opq", b""))
    )
    assert set(one.tree()) == {"a/kept"}
    assert b"secret" in [entry.content for entry in one.entries()]


def test_files_that_differ_in_content_or_are_missing_are_named_and_times_do_not_count() -> None:
    one, other = (
        image(layer(("same", b"1"), ("changed", b"1"), ("gone", b"1"))),
        image(layer(("same", b"1"), ("changed", b"2"))),
    )
    assert differences(one.tree(), other.tree()) == ["changed", "gone"]
