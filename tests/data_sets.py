"""Small data sets on disk, which several tests cut into shards."""

from __future__ import annotations

from activenoise.physics.priors import parse_prior
from activenoise.simulation.shards import write_shard

PRIOR = parse_prior(
    {
        "kappa": {"uniform": [1, 20]},
        "D": {"log_uniform": [0.1, 3]},
        "D_a": {"uniform": [0.1, 5]},
        "tau_a": {"log_uniform": [0.02, 5]},
    }
)
ABOUT = {"study": "s", "split": "train", "unit": "um"}
DT, N_POINTS, N_TRACKS, SEED = 0.05, 40, 120, 2**63 + 7


def write(folder, model, edges):
    paths = [folder / f"{model}_{i}.h5" for i in range(len(edges) - 1)]
    for path, start, stop in zip(paths, edges[:-1], edges[1:], strict=True):
        write_shard(path, model, PRIOR, N_POINTS, DT, SEED, range(start, stop), **ABOUT)
    return paths
