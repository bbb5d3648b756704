"""A part that fails costs no other part its results, is named, and fails the run."""

import json
from pathlib import Path
from typing import Any

from bench.lab import Lab
from bench.load import Implausible
from bench.parts import Keeping, measured, summed_up
from bench.plan import SHORT

Found = dict[str, Any]


def _works(_: Lab) -> Found:
    return {"rows": [], "not_available": {"OPA-Envoy": "go is missing"}, "failed": {}}


def _breaks(_: Lab) -> Found:
    raise Implausible("3 of 100 refused\nand more")


def _loses_one(_: Lab) -> Found:
    return {"rows": [], "not_available": {}, "failed": {"someone's gateway": "it ended with 1"}}


def _lab(folder: Path) -> Lab:
    return Lab(stack=None, folder=folder, plan=SHORT)  # type: ignore[arg-type]  # these parts ask for none


def _keeping(folder: Path, shown: list[Found] | None = None) -> Keeping:
    return Keeping(
        folder / "latest.json",
        {"cores": 2, "cpu": "a CPU", "python": "3", "packages": {}, "commit": "a", "load": 0},
        (shown if shown is not None else []).append,
    )


def test_a_part_that_fails_leaves_the_others_results(tmp_path: Path) -> None:
    parts = {"workers": _works, "end-to-end": _breaks, "through-envoy": _works}
    ended = measured(parts, _lab(tmp_path), _keeping(tmp_path))
    assert ended == {"workers": [], "end-to-end": ["Implausible: 3 of 100 refused"], "through-envoy": []}
    assert set(json.loads((tmp_path / "latest.json").read_text())) == {"workers", "through-envoy"}


def test_results_are_written_after_each_part(tmp_path: Path) -> None:
    shown: list[Found] = []
    measured({"workers": _works, "through-envoy": _works}, _lab(tmp_path), _keeping(tmp_path, shown))
    assert [list(found) for found in shown] == [["workers"], ["workers", "through-envoy"]]


def test_a_part_that_is_measured_again_replaces_only_itself(tmp_path: Path) -> None:
    measured({"workers": _loses_one, "through-envoy": _works}, _lab(tmp_path), _keeping(tmp_path))
    measured({"workers": _works}, _lab(tmp_path), _keeping(tmp_path))
    found = json.loads((tmp_path / "latest.json").read_text())
    assert found["workers"]["failed"] == {}
    assert "through-envoy" in found


def test_a_part_that_fails_keeps_what_was_found_of_it_before(tmp_path: Path) -> None:
    measured({"workers": _works}, _lab(tmp_path), _keeping(tmp_path))
    measured({"workers": _breaks}, _lab(tmp_path), _keeping(tmp_path))
    assert "workers" in json.loads((tmp_path / "latest.json").read_text())


def test_others_programs_that_fail_are_named_and_those_that_cannot_be_had_are_not(tmp_path: Path) -> None:
    ended = measured({"workers": _works, "end-to-end": _loses_one}, _lab(tmp_path), _keeping(tmp_path))
    assert ended == {"workers": [], "end-to-end": ["someone's gateway: it ended with 1"]}


def test_the_end_names_what_failed_and_how_to_measure_it_again() -> None:
    said = summed_up({"workers": [], "end-to-end": ["Implausible: 3 of 100 refused"]})
    assert "1 of 2 parts complete" in said
    assert "FAILED: end-to-end: Implausible: 3 of 100 refused" in said
    assert said.endswith("name them: end-to-end")
