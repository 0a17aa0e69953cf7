"""Frames are causal, exact and, where parameters are unknown, free of the unit of length."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

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


def summaries_one_by_one(
    track: NDArray[np.float64], start: float, spec: FrameSpec
) -> dict[str, NDArray[np.float64]]:
    """Running summaries of one coarse track, from the filters as written and cumulative sums."""
    x = track - start if spec.invariant else track
    first = 0.0 if spec.invariant else start
    n = np.arange(spec.size, len(x) + 1, spec.size)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.cumsum(values)[n - 1] / n

    def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return mean(values**2) - (mean(values) ** 2 if spec.invariant else 0.0)

    d = np.diff(x, prepend=first)
    s2, x2 = mean(d**2), spread(x)
    phi = np.clip(1 - s2 / (2 * x2), 0, 1)
    zero = mean(x) if spec.invariant else 0.0
    found = {
        "log s": 0.5 * np.log(s2),
        "log n": np.log(n),
        "log(rms x/s)": 0.5 * np.log(x2 / s2),
        "x_end/rms x": (x[n - 1] - zero) / np.sqrt(x2),
        "x_0/rms x": (first - zero) / np.sqrt(x2),
        "kurtosis x": np.log(mean(x**4) / (3 * x2**2)),
    }
    for m in spec.memories:
        a = np.exp(-1 / m)
        e, low = lfilter([1], [1, -a], d), lfilter([1 - a], [1, -a], x)
        e2, low2 = mean(e**2), spread(low)
        of_e = e2 * (1 - a * a) / s2 * (1 - a * phi) / (1 - a)
        of_low = low2 / x2 * (1 + a) * (1 - a * phi) / ((1 - a) * (1 + a * phi))
        zero = mean(low) if spec.invariant else 0.0
        found[f"log(rms E({m:g})/s)"] = 0.5 * np.log(e2 * (1 - a * a) / s2)
        if not spec.invariant:  # these residuals have tests of their own, of `passive_fit`
            found[f"residual E({m:g})"] = np.arcsinh(0.5 * np.sqrt(n) * np.log(of_e))
        found[f"residual L({m:g})"] = 0.5 * np.log(of_low)
        found[f"L_end({m:g})/rms"] = (low[n - 1] - zero) / np.sqrt(low2)
        found[f"kurtosis E({m:g})"] = np.log(mean(e**4) / (3 * e2**2))
        found[f"kurtosis L({m:g})"] = np.log(mean(low**4) / (3 * low2**2))
    return found


@pytest.mark.parametrize("offset", [0.0, 50.0])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("model", [Passive(0.02, 0.02), AOUP(0.02, 0.02, 0.2, 30.0)])
def test_running_summaries_one_track_at_a_time(
    model: Passive | AOUP, stride: int, offset: float
) -> None:
    """Tracks side by side have the numbers that each has by itself, in double precision."""
    memories = (0.5, *2.0 ** np.arange(12))
    tracks = simulate(model, 5000, 1.0, seed=2, n_tracks=35) + np.float32(offset)
    for change in ({"quartic": True}, {"invariant": True}):
        spec = FrameSpec("statistics", stride, 99, memories=memories, **change)
        result = frames(tracks, spec)
        for i in (0, 33):
            used = tracks[i, stride - 1 :: stride].astype(np.float64)
            used = used[: result.shape[1] * spec.size]
            expected = summaries_one_by_one(used, float(tracks[i, 0]), spec)
            for name, values in expected.items():
                if name in spec.channels:
                    measured = result[i, :, spec.channels.index(name)]
                    np.testing.assert_allclose(measured, values, rtol=1e-6, atol=5e-6, err_msg=name)


@pytest.mark.parametrize("change", [{"quartic": True}, {"invariant": True}], ids=str)
def test_neither_place_nor_neighbours_matter(change: dict[str, bool]) -> None:
    """A track has bit-identical frames wherever it stands, in full and in incomplete groups."""
    tracks = simulate(AOUP(1.0, 1.0, 5.0, 2.0), 200, 0.05, seed=4, n_tracks=70)
    spec = FrameSpec("statistics", 2, 9, memories=(3.0, 12.0), **change)
    result = frames(tracks, spec)
    assert np.array_equal(frames(tracks[::-1], spec), result[::-1])
    assert np.array_equal(frames(tracks[:, ::-1], spec), frames(tracks[:, ::-1].copy(), spec))
    for rows in (slice(0, 1), slice(31, 33), slice(5, 69), slice(0, 0)):
        assert np.array_equal(frames(tracks[rows], spec), result[rows])


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
