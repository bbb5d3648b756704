"""The pictures of docs/performance.md: throughput, the distribution of latency, what workers add, how cost grows."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # no display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from bench.measure.through_envoy import OURS, PLAIN
from bench.tools import ROOT

FOLDER = ROOT / "docs" / "images"
OURS_COLOUR, OTHERS_COLOUR, PLAIN_COLOUR = "#1b6ca8", "#b8c4ce", "#6b7883"
LATENCY_COLOURS = (PLAIN_COLOUR, OURS_COLOUR, "#7db4dc", OTHERS_COLOUR)
# Text stays text, and nothing depends on when it was drawn: a picture changes only with its figures
mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9, "axes.spines.top": False})
mpl.rcParams.update({"axes.spines.right": False, "figure.constrained_layout.use": True})
Found = dict[str, Any]


def draw(found: Found, folder: Path = FOLDER) -> None:
    """Draws each picture for which there is a measurement."""
    if measured := found.get("through-envoy"):
        _bars(measured["rows"], "Warm requests a second through Envoy", folder / "throughput.svg")
    if measured := found.get("end-to-end"):
        _bars(measured["rows"], "tools/call add, requests a second, end to end", folder / "end-to-end.svg")
    if measured := found.get("added-latency"):
        _distribution(measured, folder / "latency.svg")
    if measured := found.get("growth"):
        _growth(measured, found.get("workers", {}).get("rows", []), folder / "scaling.svg")


def _bars(rows: list[Found], title: str, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 0.5 + 0.36 * len(rows)))
    ordered = sorted(rows, key=lambda row: float(row["per_second"]["median"]))
    for place, row in enumerate(ordered):
        rate = row["per_second"]
        reach = [[rate["median"] - rate["minimum"]], [rate["maximum"] - rate["median"]]]
        axes.barh(place, rate["median"], xerr=reach, color=_colour(row["name"]), ecolor="#333", capsize=2)
        axes.text(rate["maximum"], place, f"  {rate['median']:,.0f}", va="center")
    axes.set_yticks(range(len(ordered)), [textwrap.fill(row["name"], 32) for row in ordered])
    figure.suptitle(f"{title} (median; lines: slowest and fastest round)", fontsize=9)
    axes.margins(x=0.15)
    _save(figure, file)


def _distribution(measured: Found, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 3))
    for row, colour in zip(measured["rows"], LATENCY_COLOURS, strict=True):
        percents = [at for at, _ in row["distribution"]]
        axes.plot([took for _, took in row["distribution"]], percents, color=colour, label=row["name"])
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="milliseconds", ylabel="% of requests answered within")
    axes.set_title(f"Latency at {measured['rate']} requests a second, all rounds", fontsize=9)
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(frameon=False)
    _save(figure, file)


def _growth(measured: Found, workers: list[Found], file: Path) -> None:
    sweeps = {name: points for name, points in measured.items() if isinstance(points, list)}
    figure, grid = plt.subplots(2, 3, figsize=(9, 5))
    for axes, (name, points) in zip(grid.flat, sweeps.items(), strict=False):
        _sweep(axes, name, points)
    _workers(grid.flat[4], workers)
    grid.flat[5].axis("off")
    _save(figure, file)


def _sweep(axes: Axes, name: str, points: list[Found]) -> None:
    axes.plot([at["at"] for at in points], [at["per_second"] for at in points], "o-", color=OURS_COLOUR)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.15 * max(at["per_second"] for at in points))
    axes.set_title(f"requests/s by {name}", fontsize=9)
    axes.grid(visible=True, alpha=0.2)


def _workers(axes: Axes, rows: list[Found]) -> None:
    if not rows:
        axes.axis("off")
        return
    axes.bar([row["name"] for row in rows], [row["per_second"]["median"] for row in rows], color=OURS_COLOUR)
    axes.set_title("requests/s by workers", fontsize=9)


def _colour(name: str) -> str:
    if name == PLAIN:
        return PLAIN_COLOUR
    return OURS_COLOUR if name == OURS or name.startswith("this gateway") else OTHERS_COLOUR


def _save(figure: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    # matplotlib leaves blanks at ends of lines
    file.write_text(
        "\n".join(line.rstrip() for line in file.read_text(encoding="utf-8").splitlines()) + "\n", encoding="utf-8"
    )
