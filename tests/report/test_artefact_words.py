"""Every artefact has its sentence, with its size and with what was done about it."""

from __future__ import annotations

from dataclasses import replace

from activenoise.analysis.artefacts.facts import (
    ArtefactFacts,
    CommonMotion,
    Disturbances,
    FilledGaps,
    JumpFacts,
    Locking,
    Outliers,
    Rounding,
    ShapeFacts,
    SlowNoise,
    StillFacts,
)
from activenoise.report.artefact_words import artefact_sentences

JUMP = JumpFacts("", "x", 12.5, 0.3, 0.02, 3.1)
FOUND = ArtefactFacts(
    gaps=FilledGaps(970, 1, 6, 3, 0.8),
    common=CommonMotion(20, 0.4, 0.08, 6.2, {"x": 0.49}, {"x": 0.07}, True, ""),
    disturbances=Disturbances("Passive", [JUMP], Outliers(40, 1, 9.8), 0, 30.0, True),
    shape={"x": ShapeFacts(-1.3, 0.2, 2, 1e-20, 0.02, 0.8, ["positions", "bent"])},
    rounding={"x": Rounding(0.01, 0.7)},
    still=StillFacts({"x": 0.02}, 0.001, 0.018),
    slow_noise={"x": SlowNoise(1.05, 0.49, 5.6, 3.7)},
    locking={"x": Locking(0.107, 0.2, 1.9, 1e-30)},
)


def test_nothing_is_said_of_what_was_not_found():
    assert list(artefact_sentences(ArtefactFacts())) == []


def test_each_artefact_is_named_with_its_size():
    gaps, common, jump, outliers, shape, lock, rounding, slow, still = artefact_sentences(FOUND)
    assert "967 points lie exactly on the line between their neighbours and 3 points" in gaps
    assert "left out" in gaps
    assert "0.49 ± 0.07 along x" in common
    assert "taken off" in common
    assert "jump once, at 12.5 s, by up to 3.1 times" in jump
    assert "taken off" in jump
    assert "40 points are outliers, off by up to 9.8 times" in outliers
    assert "-1.3 ± 0.2, in 2 humps" in shape
    assert "chance 1e-20" in shape
    assert "places 0.107 apart: their density varies by 40" in lock
    assert "the positions were moved" in lock
    assert "0.7 times the root mean square step" in rounding
    assert "to the power 1.1" in slow or "to the power 1" in slow
    assert "0.02 in x" in still


def test_what_was_left_is_said_to_be_left():
    left = replace(FOUND.disturbances, taken_off=False, n_kicks=2)
    jump, outliers, kicks = artefact_sentences(ArtefactFacts(disturbances=left))
    assert "was left" in jump
    assert "was left" in outliers
    assert "kicked 2 times" in kicks
    apart = replace(FOUND.common, by_frame=False)
    (common,) = artefact_sentences(ArtefactFacts(common=apart))
    assert "only the mean velocity was taken off" in common
    (common,) = artefact_sentences(ArtefactFacts(common=replace(FOUND.common, reference="mark")))
    assert "Track mark is the reference" in common
