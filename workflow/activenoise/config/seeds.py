"""Seeds: one root seed, of which every data set, network and record gets its own by name."""

from __future__ import annotations

import hashlib

ROOT_SEED = 20251004  # of config/config.yaml


def derive_seed(root: int, *names: str) -> int:
    """The 64-bit seed of a named data set, network or record under the root seed."""
    text = "/".join([str(root), *names])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def record_seed(root: int, track: str) -> int:
    """The seed of the analysis of a record, below 2^31."""
    return derive_seed(root, "findings", track) % 2**31
