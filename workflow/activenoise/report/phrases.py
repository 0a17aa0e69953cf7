"""Numbers and faults as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from activenoise.analysis.facts import FitTest
from activenoise.analysis.judgement import all_misfits

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
THIN = "\u202f"  # the space before %, where no line breaks


def number(value: float, digits: int = 3) -> str:
    """A number for people: 157, 0.0063, 1.28 × 10⁻⁵."""
    text = f"{value:.{digits}g}"
    if value and not 1e-3 <= abs(value) < 1e5:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa} × 10{str(int(power)).translate(_SUPERSCRIPTS)}"
    elif "e" in text:
        text = f"{float(text):g}"
    return text.replace("-", "−")


def percent(p: float) -> str:
    """A probability as people read it, on one line; never 0 or 100 %."""
    if p < 0.001:
        return f"less than 0.1{THIN}%"
    if p > 0.999:
        return f"more than 99.9{THIN}%"
    return f"{100 * p:.1f}{THIN}%" if p < 0.1 or p > 0.9 else f"{100 * p:.0f}{THIN}%"


def with_error(p: float, error: float) -> str:
    """A probability and, where it can be seen, its numerical uncertainty."""
    if error < 0.0005 or not 0.001 < p < 0.999:
        return percent(p)
    return f"{percent(p)}, ± {100 * error:.1f} numerically"


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th ..."""
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(n, f"{n}th")


def listed(parts: Sequence[str]) -> str:
    """Words as "a", "a and b" or "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def faults(fit: Mapping[str, FitTest]) -> str:
    """What is wrong with a fit, in a sentence or more. fit: tests by coordinate."""
    found = []
    for name, kinds in all_misfits(fit).items():
        where = f" of {name}" if len(fit) > 1 else ""
        residuals = f"The residuals of the best model{' in ' + name if where else ''}"
        if "fast" in kinds:
            found.append(
                f"{residuals} are correlated from point to point (by up to {kinds['fast']:.2f}, "
                "where 0 is expected): the instrument or the motion has a part that is not in the "
                "models."
            )
        if "slow" in kinds:
            found.append(
                f"{residuals} vary slowly, as under a drift (chance {_power(kinds['slow'])} if the "
                "model is right)."
            )
        if "normal" in kinds:
            found.append(
                f"{residuals} are not normally distributed (their distribution is off by "
                f"{kinds['normal']:.3f}): there may be jumps, outliers, a trap that is not "
                "harmonic, or a motion of several states."
            )
        if "shape" in kinds:
            found.append(
                f"The positions{where} are not normally distributed (excess kurtosis "
                f"{kinds['shape']:.2f}), as they would be in every model here: the trap may not be "
                "harmonic or may change with time, or there may be several states."
            )
    return " ".join(found)


def _power(p: float) -> str:
    return "below 10⁻⁶" if p < 1e-6 else f"{p:.1g}"
