"""What was found in a record that is no motion of the tracer, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from activenoise.analysis.artefacts.facts import (
    ArtefactFacts,
    CommonMotion,
    Disturbances,
    FilledGaps,
    ShapeFacts,
)
from activenoise.report.phrases import listed, percent

_MOST_JUMPS = 8  # that are listed one by one


def artefact_sentences(found: ArtefactFacts) -> Iterator[str]:
    """A sentence for each artefact: what it is, how large, and whether it was taken off."""
    if found.gaps is not None:
        yield _gaps(found.gaps)
    if found.common is not None:
        yield _common(found.common)
    if found.disturbances is not None:
        yield from _disturbances(found.disturbances)
    for name, shape in found.shape.items():
        yield _shape(name, shape)
    for name, lock in found.locking.items():
        yield (
            f"The positions {name} prefer places {lock.period:.3g} apart: their density varies by "
            f"{percent(2 * lock.strength)} either way with that period. Trackers that pull the "
            "centre of a spot towards the centre of a pixel, or its edge, do this; for the "
            "analysis the positions were moved so that no place is preferred. A tracer that steps "
            "between sites of equal distance would look the same."
        )
    for name, rounding in found.rounding.items():
        yield (
            f"The positions {name} are rounded to {rounding.grid:.3g}, which is "
            f"{rounding.over_step:.2g} times the root mean square step. The rounding adds noise "
            f"of {rounding.grid / 12**0.5:.2g} root mean square, which is not white where the grid "
            "is coarse."
        )
    for name, slow in found.slow_noise.items():
        yield (
            f"1/f noise of the instrument explains the spectrum of {name} as well as relaxations "
            f"do: it falls as 1/f to the power {slow.exponent:.2g}, without a plateau, and holds "
            f"{percent(slow.part)} of the variance. An immobile bead under a wandering microscope "
            "does that; a bead that is stuck to the glass, seen beside this one, would tell."
        )
    if found.still is not None:
        noise = ", ".join(f"{v:.3g} in {name}" for name, v in found.still.noise.items())
        yield (
            f"Nothing moves that the instrument resolves: the positions are white (correlation of "
            f"neighbours {found.still.memory:.2f} ± {found.still.error:.1g}), {noise} root mean "
            "square. Localisation noise alone does that, and so does a trap that relaxes within "
            "an interval; the parameters of the motion are then not known."
        )


def _gaps(gaps: FilledGaps) -> str:
    line = gaps.n_points - gaps.held
    where = []
    if line:
        where.append(f"{line} points lie exactly on the line between their neighbours")
    if gaps.held:
        where.append(f"{gaps.held} points are exactly where the point before is")
    return (
        f"{listed(where)} (at most {gaps.longest} in a row; at most {gaps.by_chance:.2g} would by "
        "chance): a program filled gaps there. These points were left out."
    )


def _common(common: CommonMotion) -> str:
    velocity = ", ".join(
        f"{v:.2g} ± {common.error[name]:.1g} along {name}" for name, v in common.velocity.items()
    )
    said = (
        f"The tracks move together: {percent(common.share)} of their mean square displacement in "
        f"{common.window:.2g} s is the same for all ({common.score:.0f} standard deviations beyond "
        f"chance), with a mean velocity of {velocity} (length/s). A drift of the stage or a flow "
        "does that. "
    )
    if not common.by_frame:
        return said + (
            "Few frames show two tracks, so only the mean velocity was taken off; what is unsteady "
            "in the common motion remains."
        )
    said += "The mean step of each frame was taken off, and what it takes of each track made good."
    if common.reference:
        said += f" Track {common.reference} is the reference of the others and was left out."
    return said


def _disturbances(found: Disturbances) -> Iterator[str]:
    done = (
        "was taken off before the analysis"
        if found.taken_off
        else "was left, because the rest is not normal either: this is more than a few disturbances"
    )
    if found.jumps:
        largest = max(jump.over_rms for jump in found.jumps)
        when = [
            f"{jump.time:.4g} s" + (f" of track {jump.track}" if jump.track else "")
            for jump in found.jumps[:_MOST_JUMPS]
        ]
        more = " and later" if len(found.jumps) > _MOST_JUMPS else ""
        n = len(found.jumps)
        yield (
            f"The positions jump {'once' if n == 1 else f'{n} times'}, at {listed(when)}{more}, by "
            f"up to {largest:.2g} times the root mean square, as a knock at the stage makes them; "
            f"this {done}."
        )
    if found.outliers is not None:
        yield (
            f"{found.outliers.n_points} points are outliers, off by up to "
            f"{found.outliers.largest:.2g} times the root mean square, as a wrong link or a bad "
            f"localisation makes them; this {done}."
        )
    if found.n_kicks:
        yield (
            f"The tracer was kicked {found.n_kicks} times: single steps far too large for the "
            "model, after which it relaxes as always. They were left in the record."
        )


def _shape(name: str, shape: ShapeFacts) -> str:
    humps = f", in {shape.humps} humps" if shape.humps > 1 else ""
    words = {
        "positions": f"the positions are not normal (excess kurtosis {shape.kurtosis:.2g} ± "
        f"{shape.error:.1g}{humps})",
        "bent": "the mean step is not proportional to the distance from the centre (chance "
        f"{shape.p_linear:.1g}{'' if 'positions' in shape.named else humps})",
        "clustered": "large steps come together (autocorrelation of their squares up to "
        f"{shape.clustering:.2g}, chance {shape.p_constant:.1g})",
    }
    return (
        f"No linear process moves like {name}: {listed([words[kind] for kind in shape.named])}. A "
        "trap that is not harmonic, two places between which a tracer hops, or a diffusivity that "
        "changes do this at equilibrium; propulsion at constant speed does it too. No stride was "
        "searched at which it shows less."
    )
