"""The verdict on a record in one object: the analysis, its words, its page and its figures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import pyplot as plt
from tqdm.auto import tqdm

from activenoise import __version__
from activenoise.analysis.drive import drive_columns
from activenoise.analysis.facts import Facts
from activenoise.analysis.judgement import basis
from activenoise.analysis.record import analyse
from activenoise.analysis.setup import EFFORTS, KINDS, Effort
from activenoise.analysis.stored import to_json
from activenoise.analysis.table import rows_of_tracks, verdict_row
from activenoise.arrays import FloatArray
from activenoise.config.choices import Choices, choices
from activenoise.config.seeds import ROOT_SEED, record_seed
from activenoise.files import replacing, write_columns, write_json, write_table
from activenoise.inference.record import Kind
from activenoise.parameters import TRAPS
from activenoise.physics.bath import Bath
from activenoise.reading.memory import record_of
from activenoise.reading.options import ReadOptions
from activenoise.reading.record import Record
from activenoise.report import energy, energy_figures, page_figures
from activenoise.report.page import favoured_draws, render
from activenoise.report.phrases import percent
from activenoise.report.words import Words, in_words, model_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from activenoise.analysis.second_opinion import ReadyNetworks


_LONGEST_NAME = 100  # file systems allow 255 bytes, and a hash may follow
_BAR = "{desc}: {elapsed}{postfix}"  # the stage is the postfix


@dataclass(frozen=True)
class Question:
    """What is asked of a record, beside how it is read.

    instrument: "exact", "camera", "detector" or "unknown". trap: "trapped" or "free". priors: by
    parameter, a number, {"uniform": [low, high]}, {"log_uniform": [low, high]} or "off", in place
    of the default ones. baseline: of the record's zero, "constant" or "linear" in time. odds: prior
    ones by model, 1 where not given. effort: "full" or "quick". seed: the root seed. temperature
    (°C, or text as 310K), with radius (um, or 250nm), viscosity (mPa s, or 0.7cP) or both: of the
    tracer and the liquid around it, for energies in newtons; of water without a viscosity.
    """

    instrument: Kind = "unknown"
    trap: str = "trapped"
    priors: Mapping[str, Any] = field(default_factory=dict)
    baseline: str | None = None
    odds: Mapping[str, float] = field(default_factory=dict)
    effort: Effort | str = "full"
    seed: int = ROOT_SEED
    temperature: float | str | None = None
    radius: float | str | None = None
    viscosity: float | str | None = None

    def __post_init__(self) -> None:
        self.choices  # noqa: B018 (raises ValueError for priors and odds that cannot be)
        self.bath  # noqa: B018 (and for a temperature, radius or viscosity)
        allowed = {"instrument": KINDS, "trap": TRAPS, "baseline": (None, "constant", "linear")}
        if isinstance(self.effort, str):
            allowed["effort"] = tuple(EFFORTS)
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}; it must be one of "
                    f"{', '.join(filter(None, values))}"
                )

    @property
    def choices(self) -> Choices:
        """The user's choices in the form that the analysis takes."""
        settings = {"priors": dict(self.priors), "odds": dict(self.odds)}
        return choices(self.trap, settings | {"baseline": self.baseline})

    @property
    def bath(self) -> Bath | None:
        """The liquid around the tracer, in SI; None without a temperature."""
        return energy.bath_of(vars(self))


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is known of a record, or of a table of tracks.

    facts: typed numbers (`analysis.facts.Facts`). words: the verdict in a sentence, and what it
    rests on. arrays: posterior draws and the bands that figures draw. ready: answers of networks
    for any record, or None.
    """

    name: str
    record: Record
    question: Question
    options: ReadOptions
    facts: Facts
    words: Words
    arrays: dict[str, FloatArray]
    ready: dict[str, Any] | None = None

    def __str__(self) -> str:
        return self.words.sentence

    def __repr__(self) -> str:
        return f"Verdict on {self.name}: {self.words.sentence}"

    def _repr_html_(self) -> str:
        """The sentence, and the models with their probabilities, for a notebook."""
        found, what = basis(self.facts), model_words(self.facts)
        rows = "".join(
            f"<tr><td>{name}</td><td style='text-align:left'>{escape(what[name])}</td>"
            f"<td>{escape(percent(model.probability))}</td></tr>"
            for name, model in found.models.items()
        )
        table = f"<table><tr><th>model</th><th>motion</th><th>probability</th></tr>{rows}</table>"
        sentence = f"<p><b>{escape(self.words.sentence)}</b></p>"
        return sentence + (table if self.words.fits else "")

    def posterior(self, model: str | None = None) -> DataFrame:
        """Draws of equal weight of the parameters that vary, one column each, in the record's unit
        and s. model: such as "Passive" or "AOUP"; the favoured one without it."""
        import pandas as pd

        name = self.facts.comparison.favoured if model is None else model
        if name not in self.facts.posteriors:
            known = ", ".join(self.facts.posteriors)
            raise ValueError(f"model {name!r} must be one of {known}")
        prefix = f"posterior/{name}/"
        return pd.DataFrame(
            {k.removeprefix(prefix): v for k, v in self.arrays.items() if k.startswith(prefix)}
        )

    def drive(self) -> DataFrame:
        """The propulsion along the record, or the longest track, given all of it: time t (s), and
        for each coordinate such as x `x_mean` and `x_sd` (length/s) and `x_power`, the expected
        power of the interval before (kT/s). ValueError where activity is excluded."""
        import pandas as pd

        if self.facts.drive is None:
            raise ValueError("activity is excluded, so there is no propulsion to show")
        columns = drive_columns(self.arrays)
        dt = self.record.dt * self.facts.record.analysed_stride
        return pd.DataFrame({"t": dt * np.arange(len(next(iter(columns.values())))), **columns})

    def figure(self, what: str, coordinate: str | None = None) -> Figure:
        """A figure of the page as Matplotlib's.

        what: "record", "corner" (the posterior of the favoured model), "energy" (the effective
        energy), or of one coordinate (the first without a name) "drive" (the propulsion and its
        power in time) or a statistic with the model's bands: "displacement", "autocorrelation",
        "spectrum", "increments" or "increment_spectrum". ValueError names those that this record
        has.
        """
        coordinates = list(self.facts.record.coordinates)
        name = coordinates[0] if coordinate is None else coordinate
        unit = self.record.unit
        if what == "record":
            tracks = list(self.record.tracks.values())
            return shown(page_figures.record_or_tracks(tracks, coordinates, self.record.dt, unit))
        draws = favoured_draws(self.facts, self.arrays)
        if what == "corner" and draws:
            return shown(page_figures.corner(draws, unit))
        bands = page_figures.band_names(self.arrays, name)
        if what in bands:
            return shown(page_figures.band(self.arrays, name, what, unit))
        known = ["record", *(["corner"] if draws else []), *bands]
        if self.facts.energy is not None:
            known.append("energy")
            if what == "energy":
                return shown(energy_figures.effective_energy(self.facts.energy))
        if f"drive/{name}/mean" in self.arrays:
            known.append("drive")
            if what == "drive":
                dt = self.record.dt * self.facts.record.analysed_stride
                return shown(energy_figures.drive(self.arrays, name, dt, unit))
        raise ValueError(f"figure {what!r} of {name} must be one of {', '.join(known)}")

    def page(self, path: str | Path) -> Path:
        """Write the page, one HTML file without scripts or addresses, and say where it is."""
        template = files("activenoise.report").joinpath("verdict.html.j2").read_text("utf-8")
        page = render(self.json(), list(self.record.tracks.values()), self.arrays, template)
        with replacing(path) as partial:
            partial.write_text(page, encoding="utf-8")
        return Path(path)

    def json(self) -> dict[str, Any]:
        """The verdict as plain JSON: what verdict.json holds."""
        question, options = self.question, self.options
        path = self.record.path
        # Any number or mapping that a caller of the library may give, as plain JSON.
        asked = json.loads(json.dumps({**asdict(question), **asdict(options)}, default=str))
        about = {
            "track": self.name, "study": None, "synthetic": False, "file": str(path),
            "path": str(path.resolve()) if path.is_file() else None, "read": self.record.told(),
            "note": "", "unit": self.record.unit, "dt": self.record.dt / options.stride,
            "stride": options.stride, "scale": 1.0 if options.scale is None else options.scale,
            "column": options.column,
            "instrument": question.instrument, "trap": question.trap,
            "n_points": self.facts.record.n_points, "version": __version__,
            "ready_missing": self.ready is None, "asked": asked,
        }  # fmt: skip
        found = {"words": self.words._asdict(), "findings": to_json(self.facts)}
        found["energy"] = energy.in_json(self.facts, self.record.unit, self.question.bath)
        return about | found | ({} if self.ready is None else {"ready": self.ready})

    def beside(self, networks: str | Path | ReadyNetworks | None = None) -> Verdict:
        """The verdict with the answers of networks that work for any record: of those that come
        with the package, of `ready_networks`, or from the folder of their study's results, such as
        results/ready. ValueError as there."""
        given = networks is None or isinstance(networks, str | Path)
        ready = ready_networks(networks) if given else networks
        from activenoise.analysis.second_opinion import second_opinion

        found, _ = second_opinion(self.facts, self.record, ready)
        return replace(self, ready={"study": ready.study, "coordinates": found})

    def row(self) -> dict[str, Any]:
        """The line of verdicts.csv."""
        return verdict_row(self.json())

    def write(self, folder: str | Path) -> Path:
        """Write verdict.json, tracks.csv (a row for each track), drive.csv (the propulsion in time,
        unless activity is excluded) and the page into a folder; the path of the page."""
        write_json(Path(folder) / "verdict.json", self.json())
        write_table(Path(folder) / "tracks.csv", rows_of_tracks(self.name, self.facts))
        if self.facts.drive is not None:
            drive = self.drive()
            write_columns(
                Path(folder) / "drive.csv", {name: drive[name].to_numpy() for name in drive}
            )
        return self.page(Path(folder) / "verdict.html")


def verdict(
    source: Any,
    dt: float | None = None,
    unit: str | None = None,
    *,
    name: str | None = None,
    progress: bool = True,
    **given: Any,
) -> Verdict:
    """The verdict on a record or a table of tracks: thermal noise alone, a medium, or activity?

    source: a path of a file; an array of positions (n_points,) or (n_points, n_coordinates), NaN
        where missing; a table (pandas DataFrame) with the names of columns that files have; or a
        record of `read`, to which dt and unit do not apply.
    dt: interval, s, and unit, e.g. "um": needed where the source does not say.
    name: of the record; the random numbers of the analysis depend on it.
    progress: show the stages on a terminal.
    given: `Question` (instrument, trap, priors, baseline, odds, effort, seed, temperature, radius,
        viscosity) and `ReadOptions` (column, track_column, time_column, no_time, one_track, scale,
        stride, min_points) by name.

    ValueError, in one line, for what cannot be used (`RecordError` for a file).
    """
    asked = {key: given.pop(key) for key in list(given) if key in Question.__dataclass_fields__}
    unknown = given.keys() - ReadOptions.__dataclass_fields__.keys()
    if unknown:
        known = [*Question.__dataclass_fields__, *ReadOptions.__dataclass_fields__]
        raise TypeError(f"verdict: {min(unknown)} is not known; use {', '.join(known)}")
    question, options = Question(**asked), ReadOptions(dt=dt, unit=unit, **given)
    record = record_of(source, options)
    if name is None:
        name = name_of(record.path, options)
    return judge(record, question, options, name, progress)


def judge(
    record: Record, question: Question, options: ReadOptions, name: str, progress: bool = False
) -> Verdict:
    """The verdict on a record that has been read. name: the random numbers depend on it.
    ValueError, in one line, where forces were wanted in newtons and the unit is no length."""
    if question.bath is not None:
        energy.check_unit(record.path, record.unit)
    # None: on a terminal alone.
    with tqdm(desc=name, bar_format=_BAR, disable=None if progress else True, leave=False) as bar:
        found = analyse(
            record.by_coordinate(), record.dt, question.instrument, question.effort,
            record_seed(question.seed, name), question.choices, record.left_out,
            record.starts or None, bar.set_postfix_str,
        )  # fmt: skip
    return Verdict(
        name, record, question, options, found.facts, in_words(found.facts), found.arrays
    )


def ready_networks(study: str | Path | None = None) -> ReadyNetworks:
    """The networks for any record in the results of their study, such as results/ready, or those
    that come with the package.

    ValueError, in one line, if there is none.
    """
    from activenoise.analysis.second_opinion import SHIPPED, load_ready, ready_files

    study = SHIPPED if study is None else study
    return load_ready(ready_files(study), Path(study).name)


def shown(figure: Figure) -> Figure:
    """A figure that Pyplot no longer holds: a notebook shows it once."""
    plt.close(figure)
    return figure


def name_of(path: Path, options: ReadOptions) -> str:
    """A name for a record: the stem of its file and the columns that were named, in letters,
    digits, points, - and _."""
    stem = path.stem
    if options.column is not None:
        stem += f"_{options.column}"
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem)[:_LONGEST_NAME].strip("._") or "record"
