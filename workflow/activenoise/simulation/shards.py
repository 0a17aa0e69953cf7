"""Simulated tracks on disk: HDF5 shards that say what they hold.

A shard has the datasets `positions` (n_tracks, n_points) float32, `index` (n_tracks,), the number
of each track in its data set, and `parameters/<name>` (n_tracks,); and the attributes model,
study, split, dt (s), unit (of length), seed and version. Datasets have checksums. h5py alone reads
it.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from activenoise import __version__
from activenoise.files import replacing, write_dataset
from activenoise.physics.priors import Prior
from activenoise.simulation.recorded import draw, simulate_recorded
from activenoise.simulation.tracks import simulate

_CHUNK = 1 << 17  # positions under one checksum
_BLOCK = 2048  # tracks simulated and written at a time: memory stays flat in the size of a shard


def write_shard(
    path: str | Path,
    model_name: str,
    prior: Prior,
    n_points: int,
    dt: float,
    seed: int,
    rows: range,
    **attributes: str,
) -> None:
    """Simulate the tracks `rows` of the data set of this seed, each with parameters of its own
    drawn from the prior and seen through the instrument that the prior has, and write them to one
    shard. dt in s; attributes: study, split, unit."""
    with replacing(path) as partial, h5py.File(partial, "w") as file:
        shape = (len(rows), n_points)
        chunks = (min(max(_CHUNK // n_points, 1), len(rows)), n_points)
        positions = file.create_dataset(
            "positions", shape, np.float32, chunks=chunks, fletcher32=True
        )
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            model, instrument, _ = draw(prior, model_name, seed, len(block), block.start)
            if prior.bare:
                tracks = simulate(model, n_points, dt, seed, first=block.start)
            else:
                tracks = simulate_recorded(model, instrument, n_points, dt, seed, block.start)
            positions[start : start + len(block)] = tracks
        parameters = draw(prior, model_name, seed, len(rows), rows.start).parameters
        for name, values in parameters.items():
            write_dataset(file, f"parameters/{name}", values)
        write_dataset(file, "index", np.arange(rows.start, rows.stop))
        file.attrs.update(
            model=model_name, dt=dt, seed=str(seed), version=__version__, **attributes
        )
