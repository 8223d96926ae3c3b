"""How a finite statement is made of what is asked of one trained model, or of two."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

from refutable.auditing.statement import Base, Statement
from refutable.claim import Profile
from refutable.claims.bent import dials, plans
from refutable.claims.bent.bases import BOTH, SPREAD, of_objective, simpler
from refutable.claims.bent.foreseen import Foreseen, by_reduced
from refutable.gap import Gap, at_most
from refutable.model.bent.observation import Observed
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import Objective

Gaps = Iterator[Gap]
Ask = Callable[[Setting, Observed], Gaps]
"""What is asked of a trained model: the setting with dials turned, and what was seen."""

DIVERGED = "training diverged"
"""The gap that tells a training that ended in numbers that are not finite."""
SHOWN = "share of pairs of views of which each shows a patch of the global area"
"""The gap that masks alone decide."""
NEARLY_ALL = 0.98
"""Share of queries; in 192 samples a few queries see one patch of their area by chance."""
CONTRASTIVE_ONLY = tuple(
    dial.name for dial in dials.DIALS if dial.assumption == "contrastive details"
)
LATENT_LAWS = ("smallest-latent", "latent-ratio", "latent-correlation")
"""Dials that set the law of the latents."""


def trains(run: Observed) -> Gap:
    """Training ended in finite numbers."""
    return at_most(DIVERGED, float(run.diverged), 0, 0, "1 when a number was not finite")


def in_its_time(plan: plans.Plan, gaps: Gaps) -> Gaps:
    """The gaps; SettingError where one fails on a model that was not given its time.

    A gap that fails whatever the time, by its masks or because training diverged, is let pass.
    """
    found = list(gaps)
    failing = [gap.name for gap in found if not gap.holds]
    if failing and plan.given < plan.asked and not {DIVERGED, SHOWN} & set(failing):
        raise SettingError(
            f"asks for {plan.asked:.3g} times the steps of the assumed model, was given "
            f"{plan.given:g} times, and did not reach: {failing[0]}"
        )
    yield from found


def untestable(objective: Objective, *, spread: bool = False) -> Callable[[str], str | None]:
    """Why a dial cannot be tried on a claim about this objective; spread: about latents ½ or 1½."""

    def reason(dial: str) -> str | None:
        if objective == "mae" and dial in CONTRASTIVE_ONLY:
            return "the masked autoencoder has no contrastive loss"
        if spread and dial in LATENT_LAWS:
            return "the statement is about latents of ½ or 1½, and the dial sets others"
        return None

    return reason


def statement(
    claim: str,
    measured: str,
    ask: Ask,
    *,
    objective: Objective = "mae",
    bases: Sequence[Base] = BOTH,
    main: bool = False,
    foreseen: Foreseen | None = None,
) -> Statement:
    """A statement on one trained model: `ask` gets the setting with dials turned, and the run."""

    def check(base: Base, turned: Mapping[str, float], seed: int, _: Profile) -> Gaps:
        run = plans.observe(base, turned, seed, objective)
        plan = plans.planned(base, turned, objective)
        yield from in_its_time(plan, itertools.chain([trains(run)], ask(plan.setting, run)))

    return Statement(
        claim=claim,
        measured=measured,
        bases=tuple(of_objective(base, objective) for base in bases),
        check=check,
        untestable=untestable(objective, spread=tuple(bases) == (SPREAD,)),
        foreseen=by_reduced(objective, foreseen) if foreseen else lambda *_: None,
        simpler=simpler(objective),
        main=main,
    )


def of_both(claim: str, measured: str, asks: Sequence[Ask]) -> Statement:
    """A statement on two models trained on the same data, one by each objective.

    Each is a base of its own; a base that names none stands for both.
    """
    objectives: tuple[Objective, ...] = ("mae", "cl")

    def check(base: Base, turned: Mapping[str, float], seed: int, _: Profile) -> Gaps:
        for objective in objectives if "objective" not in base else (base["objective"],):
            ours = {
                name: value
                for name, value in turned.items()
                if objective == "cl" or name not in CONTRASTIVE_ONLY
            }
            run = plans.observe(base, ours, seed, objective)
            plan = plans.planned(base, ours, objective)
            found = (ask(plan.setting, run) for ask in asks)
            yield from in_its_time(plan, itertools.chain([trains(run)], *found))

    bases = tuple(of_objective(base, objective) for base in BOTH for objective in objectives)
    return Statement(
        claim=claim, measured=measured, bases=bases, check=check, simpler=simpler("cl")
    )
