"""Evidence of the models for the test tracks of a study, and its file.

`exact` computes it, by quadrature or by sampling; `optimum` makes the log odds of a pair and the
Bayes estimates from it. This module needs NumPy and h5py alone, as do those that only read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from activenoise.arrays import FloatArray
from activenoise.files import read_arrays, read_attributes, write_arrays


@dataclass(frozen=True)
class TrackEvidence:
    """Evidence of several models for the same tracks, at several prefixes of each.

    models: their names. points: lengths of the prefixes, (n_lengths,).
    log_evidence: (n_tracks, n_lengths, n_models), nats. error: its standard error from sampling,
    of the same shape, 0 where nothing is sampled; RBP's is that of its ratio to AOUP's evidence,
    from whose posterior it is sampled.
    names: the parameters that have moments. mean, sd: of the LOGARITHM of each under AOUP,
    (n_tracks, n_lengths, n_names); mean_error: standard error of the mean from sampling.
    truth: logarithms of the true values, (n_tracks, n_names), nan where there is none.
    refined, refined_mean: log_evidence and mean of the first n_checked tracks with twice the
    quadrature's nodes and RBP's samples; of no track where nothing is integrated by quadrature.
    given_first: as log_evidence, but given the first point. path_integral: the paper's log
    likelihood ratio of AOUP to Passive, (n_tracks, n_lengths). Both for known parameters alone.
    """

    models: tuple[str, ...]
    points: NDArray[np.int64]
    log_evidence: FloatArray
    error: FloatArray
    names: tuple[str, ...]
    mean: FloatArray
    sd: FloatArray
    mean_error: FloatArray
    truth: FloatArray
    refined: FloatArray
    refined_mean: FloatArray
    given_first: FloatArray | None = None
    path_integral: FloatArray | None = None

    @property
    def n_checked(self) -> int:
        """Number of tracks whose evidence was computed a second time, with twice the nodes."""
        return len(self.refined)

    def log_odds(self, pair: tuple[str, str], values: FloatArray | None = None) -> FloatArray:
        """Log odds of the second model of a pair over the first at equal priors, nats.

        values: in place of log_evidence, such as `refined` or `given_first`; the last axis is that
        of the models, and the result lacks it.
        """
        missing = set(pair) - set(self.models)
        if missing:
            raise ValueError(
                f"the evidence has {', '.join(self.models)} and not {', '.join(missing)}; the study"
                f" must list the pair {'-'.join(pair)}"
            )
        first, second = (self.models.index(name) for name in pair)
        values = self.log_evidence if values is None else values
        return values[..., second] - values[..., first]

    def odds_variance(self, pair: tuple[str, str]) -> FloatArray:
        """Variance of the log odds of a pair from sampling, nats^2, (n_tracks, n_lengths). RBP's
        evidence has AOUP's error and that of its ratio to AOUP's."""
        counted = {"Passive", "AOUP"} if "Passive" in pair else set()
        counted |= {"RBP"} & set(pair)
        columns = [self.models.index(name) for name in counted]
        return np.asarray(np.sum(self.error[..., columns] ** 2, axis=-1), np.float64)

    def write(self, path: str | Path) -> None:
        """One HDF5 file: a dataset for each array there is; models and names are attributes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        attributes = {name: list(values.pop(name)) for name in ("models", "names")}
        arrays = {name: array for name, array in values.items() if array is not None}
        write_arrays(path, attributes, **arrays)

    @classmethod
    def read(cls, path: str | Path) -> TrackEvidence:
        """The evidence in a file of `write`."""
        values: dict[str, Any] = {n: tuple(v) for n, v in read_attributes(path).items()}
        return cls(**values, **dict[str, Any](read_arrays(path)))


def joined(parts: Sequence[TrackEvidence]) -> TrackEvidence:
    """The evidence of the tracks of several parts, one after the other."""
    arrays: dict[str, Any] = {}
    for field in fields(TrackEvidence):
        values = [getattr(part, field.name) for part in parts]
        shared = field.name in ("models", "points", "names") or values[0] is None
        arrays[field.name] = values[0] if shared else np.concatenate(values)
    return TrackEvidence(**arrays)
