"""Frames are causal, exact and, where parameters are unknown, free of the unit of length."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from activenoise.learning.angle_bank import AngleBank
from activenoise.learning.frames import FrameSpec, frames, rms_increment
from activenoise.physics.models import AOUP, Passive
from activenoise.simulation.tracks import simulate

SPECS = {
    f"{kind}-{'known' if scale else 'unknown'}{'-quartic' if quartic else ''}": FrameSpec(
        kind, stride=2, size=5, scale=scale, memories=(3.0, 12.0), quartic=quartic
    )
    for kind in ("increments", "statistics", "both", "positions")
    for scale in (0.0, 0.05)
    for quartic in (False, True)
    if not (quartic and kind in ("increments", "positions"))
}
BANK = AngleBank(
    block=5,
    rates=(0.05, 0.1, 0.2),
    memories=(15.0, 30.0, 60.0, 120.0),
    ratios=tuple(2.0**k for k in range(8)),
    log_weight=(-2.0, -1.5, -1.0, -1.0),
    active=(0.01, 2.0, True),
)
SPECS |= {
    f"{kind}-bank": FrameSpec(kind, stride=2, size=5, memories=(3.0, 12.0), bank=BANK)
    for kind in ("statistics", "positions")
}
INVARIANT = FrameSpec("statistics", stride=2, size=5, memories=(3.0, 12.0), invariant=True)
SPECS["statistics-invariant"] = INVARIANT


@pytest.fixture(scope="module")
def tracks() -> NDArray[np.float32]:
    return simulate(AOUP(1.0, 1.0, 5.0, 2.0), 105, 0.05, seed=3, n_tracks=6)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
class TestEveryKind:
    @pytest.mark.slow
    def test_shape_and_names(self, spec: FrameSpec, tracks: NDArray[np.float32]) -> None:
        result = frames(tracks, spec)
        assert result.shape == (6, 10, spec.n_channels)
        assert result.dtype == np.float32
        assert np.all(np.isfinite(result))
        if spec.kind != "both":  # whose parts share a few
            assert len(set(spec.channels)) == spec.n_channels

    def test_causal(self, spec: FrameSpec, tracks: NDArray[np.float32]) -> None:
        """Later points leave earlier frames bit-identical, and so does cutting them off."""
        changed = tracks.copy()
        changed[:, 60:] *= -3.0
        before = frames(tracks, spec)[:, :6]
        assert np.array_equal(frames(changed, spec)[:, :6], before)
        assert np.array_equal(frames(tracks[:, :60], spec), before)
        assert not np.array_equal(frames(changed, spec)[:, 6:], frames(tracks, spec)[:, 6:])

    def test_each_track_alone(self, spec: FrameSpec, tracks: NDArray[np.float32]) -> None:
        assert np.array_equal(frames(tracks[2:3], spec)[0], frames(tracks, spec)[2])

    def test_round_trip(self, spec: FrameSpec, tracks: NDArray[np.float32]) -> None:
        assert FrameSpec.from_dict(spec.to_dict()) == spec

    def test_flip(self, spec: FrameSpec, tracks: NDArray[np.float32]) -> None:
        """Every channel is even or odd under x -> -x; the bank's up to the order of its sums."""
        one, other = frames(tracks, spec), frames(-tracks, spec)
        rounding = 1e-4 if spec.bank else 0.0
        for k, name in enumerate(spec.channels):
            sizes = [np.max(np.abs(one[..., k] + sign * other[..., k])) for sign in (-1, 1)]
            assert min(sizes) <= rounding, name


@pytest.mark.parametrize("kind", ["increments", "statistics", "both"])
def test_free_of_the_unit_of_length(kind: str, tracks: NDArray[np.float32]) -> None:
    """x -> c x moves `log s` by log c and nothing else, even to the size of a molecule."""
    spec = FrameSpec(kind, 2, 5, memories=(3.0, 12.0), quartic=kind != "increments")
    for c in (1e-4, 1e3):
        shift = frames(np.float32(c) * tracks, spec) - frames(tracks, spec)
        expected = [np.log(c) if name == "log s" else 0.0 for name in spec.channels]
        np.testing.assert_allclose(shift, np.broadcast_to(expected, shift.shape), atol=2e-4)


def test_free_of_unit_and_zero(tracks: NDArray[np.float32]) -> None:
    """x -> a x + b moves nothing at all, and squares are about the mean."""
    before = frames(tracks, INVARIANT)
    for a, b in ((1e-3, 0.0), (1.0, 20.0), (-30.0, 100.0)):
        after = frames(np.float32(a) * tracks + np.float32(b), INVARIANT)
        odd = [name.startswith(("x_", "L_end")) for name in INVARIANT.channels]
        sign = np.where(odd, np.sign(a), 1.0)
        np.testing.assert_allclose(after, sign * before, atol=3e-3)
    x = tracks[:, 1:100:2].astype(np.float64)
    d = np.diff(x, axis=1, prepend=tracks[:, :1])
    spread = 0.5 * np.log(x.var(axis=1) / np.mean(d**2, axis=1))
    channel = INVARIANT.channels.index("log(rms x/s)")
    np.testing.assert_allclose(before[:, -1, channel], spread, atol=1e-5)


def test_sums_against_numpy(tracks: NDArray[np.float32]) -> None:
    """The sums over the frames add up to the sums over the track, by the recursion as written."""
    spec = FrameSpec("statistics", 2, 5, scale=0.05, memories=(3.0, 12.0))
    total = frames(tracks, spec).sum(axis=1)
    x = tracks[:, 1:100:2].astype(np.float64) / 0.05
    d = np.diff(x, axis=1, prepend=tracks[:, :1] / 0.05)
    expected = {"d^2": np.sum(d**2, 1), "x^2": np.sum(x**2, 1), "change of x^2": x[:, -1] ** 2}
    for m in spec.memories:
        a = np.exp(-1 / m)
        past = np.zeros((len(x), x.shape[1] + 1))
        for t in range(x.shape[1]):
            past[:, t + 1] = a * past[:, t] + np.sqrt(1 - a * a) * d[:, t]
        expected[f"d E({m:g})"] = np.sum(d * past[:, :-1], 1)
        expected[f"E({m:g})^2"] = np.sum(past[:, 1:] ** 2, 1)
    for name, values in expected.items():
        measured = total[:, spec.channels.index(name)]
        np.testing.assert_allclose(measured, values, rtol=2e-5, err_msg=name)


@pytest.mark.slow
def test_residuals_vanish_for_a_passive_track() -> None:
    """The formulas of the passive tracer: residuals scatter about 0 for it, and not for an AOUP."""
    spec = FrameSpec("statistics", 1, 50_000, memories=tuple(2.0 ** np.arange(10)), quartic=True)
    passive = simulate(Passive(100.0, 1e-3), 200_000, 6.4e-4, seed=1, n_tracks=4)
    active = simulate(AOUP(100.0, 1e-3, 5e-3, 0.3), 200_000, 6.4e-4, seed=1, n_tracks=4)
    for k, name in enumerate(spec.channels):
        of_passive = frames(passive, spec)[:, -1, k]
        of_active = frames(active, spec)[:, -1, k]
        if name.startswith("residual L"):
            assert np.all(np.abs(of_passive) < 0.1), name
        elif name.startswith("residual E"):
            assert np.all(np.abs(of_passive) < 3), name
        elif name.startswith("kurtosis"):
            assert np.all(np.abs(of_passive) < 0.1), name
            assert np.all(np.abs(of_active) < 0.2), name
        if name == "residual L(256)":
            assert np.all(of_active > 0.3)


def test_rms_increment() -> None:
    model = AOUP(1.0, 1.0, 5.0, 2.0)
    measured = np.std(np.diff(simulate(model, 4001, 0.05, seed=1, n_tracks=50)[:, ::4]))
    assert rms_increment(model, 0.05, 4) == pytest.approx(measured, rel=0.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "wavelets"}, "kind"),
        ({"size": 0}, "size"),
        ({"scale": -1.0}, "scale"),
        ({"memories": ()}, "memories"),
        ({"invariant": True, "quartic": True}, "invariant"),
        ({"invariant": True, "scale": 2.0}, "invariant"),
        ({"size": 7, "bank": BANK}, "size = 7 must be a multiple of the bank's blocks of 5"),
    ],
)
def test_impossible_specs(change: dict[str, object], message: str) -> None:
    good: dict[str, object] = {"kind": "statistics", "stride": 1, "size": 5, "memories": (2.0,)}
    with pytest.raises(ValueError, match=message):
        FrameSpec.from_dict(good | change)


def test_too_short(tracks: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="9 points"):
        frames(tracks[:, :9], FrameSpec("increments", 2, 5))
