"""The gains of the Kalman filters of many linear systems side by side, one step at a time.

In the notation of `likelihood.kalman`,

    s = G P G' + R,   K = (F P G' + S)/s,   P <- F P F' + Q - K s K',

which depend on no record: simulation and likelihood of recorded tracks share them. A kernel holds
its systems (`system.packed`) in the first rows of an array w (rows, n_lanes), one lane a system;
the rows below are the gains' own, and those from `END` on the kernel's.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from activenoise.physics.system import UPPER

SETTLED = 1e-12  # change of the covariance in a step, relative, below which its gains are kept
MATH = {"contract", "nsz", "arcp", "reassoc"}
# The first rows of each part of a system, then those of K, sqrt(s), F P and P G.
F, G, Q, S, R, P = 0, 9, 12, 18, 21, 22
K, SCALE, FP, H, END = 28, 31, 32, 41, 44


@njit(cache=True, fastmath=MATH)
def advance_gains(w, resting):
    """Fill sqrt(s), K and the next P of the lanes that are not resting; return whether all are.

    w: (rows, n_lanes), a system a lane. resting: (n_lanes,). A lane rests when its P has settled,
    however long its neighbours take, so that company changes nothing."""
    for j in range(len(resting)):
        if resting[j]:
            continue
        g0, g1, g2 = w[G, j], w[G + 1, j], w[G + 2, j]
        w[H, j] = w[P, j] * g0 + w[P + 1, j] * g1 + w[P + 2, j] * g2
        w[H + 1, j] = w[P + 1, j] * g0 + w[P + 3, j] * g1 + w[P + 4, j] * g2
        w[H + 2, j] = w[P + 2, j] * g0 + w[P + 4, j] * g1 + w[P + 5, j] * g2
        s = w[R, j] + g0 * w[H, j] + g1 * w[H + 1, j] + g2 * w[H + 2, j]
        for a in range(3):
            f = F + 3 * a
            h = w[f, j] * w[H, j] + w[f + 1, j] * w[H + 1, j] + w[f + 2, j] * w[H + 2, j]
            w[K + a, j] = (w[S + a, j] + h) / s
            u, v, z = w[f, j], w[f + 1, j], w[f + 2, j]
            w[FP + 3 * a, j] = u * w[P, j] + v * w[P + 1, j] + z * w[P + 2, j]
            w[FP + 3 * a + 1, j] = u * w[P + 1, j] + v * w[P + 3, j] + z * w[P + 4, j]
            w[FP + 3 * a + 2, j] = u * w[P + 2, j] + v * w[P + 4, j] + z * w[P + 5, j]
        moved = False
        for entry in range(6):
            a, b = UPPER[entry]
            f = F + 3 * b
            p = w[Q + entry, j] - w[K + a, j] * w[K + b, j] * s
            for c in range(3):
                p += w[FP + 3 * a + c, j] * w[f + c, j]
            if a == b:
                p = max(p, 0.0)
                moved = moved or abs(p - w[P + entry, j]) > SETTLED * (p + w[Q + entry, j])
            w[P + entry, j] = p
        w[SCALE, j] = np.sqrt(s)
        resting[j] = not moved
    return np.all(resting)
