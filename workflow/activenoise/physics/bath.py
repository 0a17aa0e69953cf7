"""The liquid around a tracer: what turns kT into newtons, and what D it would give. No numerics."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

BOLTZMANN = 1.380649e-23  # J/K, exact
# Of liquid water at 0.1 MPa, 253 to 383 K, within 1 %: sum of a (T/300 K)^b, microPa s (IAPWS
# SR6-08; Patek et al., J. Phys. Chem. Ref. Data 38, 21, 2009).
_WATER = ((280.68, -1.9), (511.45, -7.7), (61.131, -19.6), (0.45903, -40.0))


def water_viscosity(temperature: float) -> float:
    """Viscosity of water at a temperature (K), Pa s."""
    return 1e-6 * sum(a * (temperature / 300) ** b for a, b in _WATER)


@dataclass(frozen=True)
class Bath:
    """A liquid at a temperature (K) with a sphere in it. radius: m, None where it is not known.
    viscosity: Pa s, None for that of water."""

    temperature: float
    radius: float | None = None
    viscosity: float | None = None

    @property
    def kT(self) -> float:
        """J."""
        return BOLTZMANN * self.temperature

    @property
    def eta(self) -> float:
        """Viscosity, Pa s."""
        return water_viscosity(self.temperature) if self.viscosity is None else self.viscosity

    @property
    def diffusivity(self) -> float | None:
        """kT/(6 pi eta radius), m^2/s (Stokes, Einstein); None without a radius."""
        return None if self.radius is None else self.kT / (6 * pi * self.eta * self.radius)

    def radius_of(self, D: float) -> float:
        """Radius (m) of the sphere that diffuses with D (m^2/s)."""
        return self.kT / (6 * pi * self.eta * D)
