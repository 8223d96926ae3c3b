"""Gradient descent on the exact population as a recursion that `claims-recheck` runs again.

The step is written here a third time, from the loss and the definition of attention, by the counts
of visible patches (u of the query's own area, v of the global one, r of all others); `lumping` and
`ball_descent` have it in floats and balls. A wrong term in either shows as another path.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from refutable.certificate import Certificate
from refutable.claims.runs import recursion_script
from refutable.model.ball_descent import Seen, bits_for
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

STATES = ("phi_n", "phi_1", "phi_m", "ups_p", "ups_n", "ups_1", "ups_m")
"""Φ of the own area, the global one, another one; Υ of p itself and of a patch of each."""
ONCE = {
    "on_n": "exp(z*phi_n + ups_n)",
    "on_1": "exp(z*phi_1 + ups_1)",
    "on_m": "exp(z*phi_m + ups_m)",
    "off_p": "exp(ups_p)",
    "off_n": "exp(ups_n)",
    "off_1": "exp(ups_1)",
    "off_m": "exp(ups_m)",
}
"""Keys before the softmax, when visible and when masked; the query p is masked."""
EACH = {
    "dark_n": "(own - u)*off_n",
    "dark_1": "(first - v)*off_1",
    "dark_m": "(rest - r)*off_m",
    "S": "u*on_n + v*on_1 + r*on_m + off_p + dark_n + dark_1 + dark_m",
    "A_n": "u*on_n/S",
    "A_1": "v*on_1/S",
    "A_m": "r*on_m/S",
    # Σ A_m² of the other areas: of r visible patches two are of one area with the chance `pair`.
    "spread": "(r + r*(r - 1)*pair)*(on_m/S)**2",
    "q": "A_1**2 + spread",
    "h": "z**2*(q - A_n*(1 - A_n))",
    "on_own": "z**2*A_n*((1 - A_n)**2 + q)",
    "on_first": "A_1*(h - z**2*A_1)",
    "on_rest": "A_m*h - z**2*spread",
}
"""Of a mask with these counts: A, and what -∇L gives to all keys of an area that are visible."""
TOTALS = {
    "attention": "chance*A_n",
    "gap": "chance*(some_u*(1 - A_n)**2 + q)",  # where no own patch is visible 1/2 is unavoidable
    "rate_n": "chance*on_own",
    "rate_1": "chance*on_first",
    "rate_m": "chance*on_rest",
    "pos_p": "chance*off_p/S*h",
    "pos_n": "chance*(on_own + dark_n/S*h)",
    "pos_1": "chance*(on_first + dark_1/S*h)",
    "pos_m": "chance*(on_rest + dark_m/S*h)",
}
AFTER = {
    "alpha_n": "hidden*z/K*rate_n",
    "alpha_1": "hidden*z/K*rate_1",
    "alpha_m": "hidden*z/K*rate_m/areas",
    "ahead": "alpha_n + alpha_1",  # α_1 < 0: above 0 the own correlation is the faster one
    "halfway": "attention - 1/2",
    "loss_gap": "hidden*z**2*gap/2",
    "reached": "epsilon - loss_gap",
    "shift": "ups_p + own*ups_n + first*ups_1 + rest*ups_m",
}
NEXT = {
    "phi_n": "phi_n + eta*alpha_n",
    "phi_1": "phi_1 + eta*alpha_1",
    "phi_m": "phi_m + eta*alpha_m",
    "ups_p": "ups_p + eta*hidden*pos_p",
    "ups_n": "ups_n + eta*hidden*pos_n/own_keys",
    "ups_1": "ups_1 + eta*hidden*pos_1/first_keys",
    "ups_m": "ups_m + eta*hidden*pos_m/rest_keys",
}


def certificate(
    setting: Setting,
    query: QueryKind,
    eta: Fraction,
    steps: int,
    epsilon: Fraction,
    said: Iterable[str],
    radius: float,
) -> Certificate:
    """What was decided of one training.

    said: lines about it, as `claims-recheck` reads them. radius: the largest of the last state.
    """
    return recursion_script.certificate(
        {
            "sizes": recursion_script.sizes(setting),
            "query": query,
            "η": str(eta),
            "ε": str(epsilon),
        },
        {"bits": bits_for(steps), "steps": steps},
        radius,
        script(setting, query, eta, steps, epsilon, said),
    )


def ends(seen: Seen) -> tuple[str, ...]:
    """Lines on where a training is at its last step."""
    path = (*seen.phi, *seen.upsilon, seen.own_attention, seen.loss_gap)
    names = (*STATES, "attention", "loss_gap")
    return recursion_script.ends(dict(zip(names, path, strict=True)))


def widest(seen: Seen) -> float:
    """The largest radius of a state."""
    return recursion_script.widest((*seen.phi, *seen.upsilon))


def script(
    setting: Setting,
    query: QueryKind,
    eta: Fraction,
    steps: int,
    epsilon: Fraction,
    said: Iterable[str],
) -> str:
    """The run from Q = 0, and what is said of it."""
    local = query == "local"
    own = (setting.C_s if local else setting.C_1) - 1
    first = setting.C_1 if local else 0
    areas = setting.locals - local
    rest = areas * setting.C_s
    constants: dict[str, Fraction | float | int] = {
        "z": setting.latents.L, "eta": eta, "epsilon": epsilon, "K": setting.K,
        "hidden": Fraction(setting.M, setting.P), "own": own, "first": first, "rest": rest,
        "areas": max(areas, 1), "own_keys": max(own, 1), "first_keys": max(first, 1),
        "rest_keys": max(rest, 1), "pair": Fraction(setting.C_s - 1, max(rest - 1, 1)),
    }  # fmt: skip
    drawn = setting.P - setting.M
    rows = f"(draw {drawn} (u {own}) (v {first}) (r {rest}))"
    groups = (
        ("let", ONCE), ("each", EACH), ("total", TOTALS), ("let", AFTER), ("next", NEXT)
    )  # fmt: skip
    return recursion_script.script(STATES, constants, rows, groups, steps, said)
