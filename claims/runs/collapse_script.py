"""Contrastive gradient descent on the exact population, as `claims-recheck` runs it again.

The step is written here once more, from the softmax over the positive and every negative in its
place (cl.gradient-feature); `ball_contrastive` sums over sets of views instead. Beside the first
view stand the positive (0) and the negatives (1, 2, ...): v counts global patches, w is the product
of the local counts with those of the first view.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

from refutable.certificate import Certificate
from refutable.claims.runs import recursion_script
from refutable.model.ball_contrastive import Seen, bits_for
from refutable.model.setting import Setting

STATES = ("phi_1", "phi_m", "ups_1", "ups_m")
"""Φ and Υ of the global and of a local area, of the one row that all patches share."""
ONCE = {
    "on_1": "exp(z*phi_1 + ups_1)",
    "on_m": "exp(z*phi_m + ups_m)",
    "off_1": "exp(ups_1)",
    "off_m": "exp(ups_m)",
}
"""Keys before the softmax, when visible and when masked."""
TOTALS = {
    "attention": "chance*A",
    "rate_1": "chance*(pull_1 - A*pull)",
    "rate_m": "chance*(pull_m - lit_m*pull)",
    "pos_1": "chance*(pull_1 - all_1*pull)",
    "pos_m": "chance*(pull_m - all_m*pull)",
}
AFTER = {
    "alpha_1": "z/(K*P)*rate_1",
    "alpha_m": "z/(K*P)*rate_m/areas",
    "ratio": "(phi_m + eta*alpha_m)/(phi_1 + eta*alpha_1)",  # after the step
    "halfway": "attention - 1/2",
    "shift": "first*ups_1 + rest*ups_m",
}
NEXT = {
    "phi_1": "phi_1 + eta*alpha_1",
    "phi_m": "phi_m + eta*alpha_m",
    "ups_1": "ups_1 + eta*positions*pos_1/(P*first)",
    "ups_m": "ups_m + eta*positions*pos_m/(P*rest)",
}


def each(negatives: int) -> dict[str, str]:
    """Of views that show these counts: attention, similarities, and the pull g of the loss."""
    formulas: dict[str, str] = {}
    for view in ("", *(f"_{i}" for i in range(negatives + 1))):
        v = f"v{view}"
        formulas |= {
            f"S{view}": f"{v}*on_1 + (shown - {v})*on_m + (first - {v})*off_1"
            f" + (rest - shown + {v})*off_m",
            f"A{view}": f"{v}*on_1/S{view}",
            f"b{view}": f"on_m/S{view}",  # of one visible patch of a local area
        }
    formulas |= {
        "lit_m": "(shown - v)*b",
        "all_1": "A + (first - v)*off_1/S",  # with what goes to masked patches
        "all_m": "lit_m + (rest - shown + v)*off_m/S",
    }
    for i in range(negatives + 1):
        formulas |= {
            f"x_{i}": f"z**2*A*A_{i}",
            f"y_{i}": f"z**2*b*b_{i}*w_{i}",
            f"e_{i}": f"exp((x_{i} + y_{i})/tau)",
        }
    # With so many negatives of the sample's cluster, which are the first ones; the others score 0.
    for same in range(negatives + 1):
        scored = " + ".join(f"e_{i}" for i in range(same + 1))
        formulas[f"per_{same}"] = f"1/({scored} + {negatives - same})"
        shares = [f"share_{same}_{i}" for i in range(same + 1)]
        formulas |= {share: f"e_{i}*per_{same}" for i, share in enumerate(shares)}
        for kind in "xy":
            others = "".join(f" - {shares[i]}*{kind}_{i}" for i in range(1, same + 1))
            formulas[f"{kind}g_{same}"] = f"(1 - {shares[0]})*{kind}_0{others}"
    for kind, area in (("x", "1"), ("y", "m")):
        formulas[f"pull_{area}"] = " + ".join(f"same_{n}*{kind}g_{n}" for n in range(negatives + 1))
    return formulas | {"pull": "pull_1 + pull_m"}


def certificate(
    setting: Setting, eta: Fraction, steps: int, said: Iterable[str], radius: float
) -> Certificate:
    """What was decided of one training.

    said: lines about it, as `claims-recheck` reads them. radius: the largest of the last state.
    """
    details = setting.contrastive
    return recursion_script.certificate(
        {
            "sizes": recursion_script.sizes(setting),
            "K": str(setting.K),
            "N_c": f"{details.negatives:g}",
            "τ": f"{details.tau:g}",
            "keys": details.keys,
            "η": str(eta),
        },
        {"bits": bits_for(steps), "steps": steps},
        radius,
        script(setting, eta, steps, said),
    )


def ends(seen: Seen) -> tuple[str, ...]:
    """Lines on where a training is at its last step."""
    path = (*seen.phi, *seen.upsilon, seen.attention)
    return recursion_script.ends(dict(zip((*STATES, "attention"), path, strict=True)))


def widest(seen: Seen) -> float:
    """The largest radius of a state."""
    return recursion_script.widest((*seen.phi, *seen.upsilon))


def script(setting: Setting, eta: Fraction, steps: int, said: Iterable[str]) -> str:
    """The run from Q = 0, and what is said of it."""
    negatives, K = int(setting.contrastive.negatives), setting.K
    constants: dict[str, Fraction | float | int] = {
        "z": setting.latents.L, "tau": float(setting.contrastive.tau), "eta": eta, "K": K,
        "P": setting.P, "shown": setting.P - setting.M, "first": setting.C_1,
        "rest": setting.P - setting.C_1, "areas": setting.locals,
        "positions": int(setting.contrastive.keys == "feature+position"),
    }  # fmt: skip
    for same in range(negatives + 1):
        ways = math.comb(negatives, same)
        constants[f"same_{same}"] = (
            ways * Fraction(1, K) ** same * (1 - Fraction(1, K)) ** (negatives - same)
        )
    areas = f"(v {setting.C_1}) (w {setting.C_s} {setting.locals})"
    groups = (
        ("let", ONCE), ("each", each(negatives)), ("total", TOTALS), ("let", AFTER), ("next", NEXT)
    )  # fmt: skip
    rows = f"(views {setting.P - setting.M} {negatives + 1} {areas})"
    return recursion_script.script(STATES, constants, rows, groups, steps, said)
