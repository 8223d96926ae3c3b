"""Controls of Figure 3: what an untrained network shows, and that the trained ones have learned.

Sources: none; without them the metric of Figure 3 misleads.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.figures import networks, planted
from refutable.claims.figures.comparing import drawn
from refutable.gap import Gap, at_least, at_most
from refutable.reuse import shared

STARTS = 3
"""Untrained networks that are looked at."""

untrained_control = Claim(
    id="fig3.untrained-control",
    title="An untrained network is the least diverse of all",
    statement=r"D_{\mathrm{untrained}} \le \tfrac14 \min_{\mathrm{method}} D_{\mathrm{method}}",
    provenance=Provenance.DERIVED,
    measured=(
        "D in the last layer at the start, with weights of scale 0.02, against the least of all "
        "networks of a method: little diversity is no sign of contrast by itself"
    ),
    rests_on=("fig3.vit",),
)


def at_start(number: int) -> networks.Measured:
    """An untrained network."""
    net = networks.untrained(networks.Recipe("MAE"), number)
    seen = networks.image_set("Fashion-MNIST").test[: networks.SEEN]
    return networks.Measured("untrained", number, (1.0, 1.0), networks.measure(net, seen))


@untrained_control.leg("trained", limit=1800)
def against_the_untrained(context: Context) -> Iterator[Gap | Case]:
    """Every method that ships in profile quick, otherwise MAE and contrast from the run's seed."""
    start = max(at_start(context.root_seed + number).last.diversity for number in range(STARTS))
    for method in context.at(quick=networks.METHODS, full=("MAE", "CL, masks", "CL")):
        yield Case((), method)
        least = min(found.last.diversity for found in networks.group(context, method))
        yield at_most(
            f"{method}: D untrained over the least D trained",
            start / least,
            0.25,
            0,
            "measured: 0.003 untrained, and 0.06 or more trained",
            false_alarm=1e-8,
        )


untrained_control.mistake(
    networks.untrained,
    "the control starts with weights ten times as large",
    lambda original: lambda recipe, seed: original(dataclasses.replace(recipe, start=0.2), seed),
)
planted.untrained_as_mae(untrained_control)

training_is_real = Claim(
    id="fig3.training-is-real",
    title="The compared networks have learned: losses fall, and labels are read more easily",
    statement=(
        r"\mathcal L_{\mathrm{end}} < 0.9\,\mathcal L_{\mathrm{start}},\qquad "
        r"\mathrm{acc}_{\mathrm{trained}} > \mathrm{acc}_{\mathrm{untrained}}"
    ),
    provenance=Provenance.DERIVED,
    measured=(
        "training losses, and the share of labels that ridge regression on pooled tokens finds "
        "from 2,000 images, against untrained networks. The loss of DINO need not fall, since its "
        "teacher moves; it is judged by labels alone"
    ),
    rests_on=("fig3.vit",),
)


@shared.run_once
def probe_of_start(number: int) -> float:
    """What a linear reader finds in an untrained network."""
    return networks.probe(networks.untrained(networks.Recipe("MAE"), number))


@shared.run_once
def probe_of_shipped(name: str) -> float:
    """What a linear reader finds in a network that ships."""
    return networks.probe(networks.stored(name))


@training_is_real.leg("trained", limit=1800)
def losses_and_linear_readers(context: Context) -> Iterator[Gap | Case]:
    """One network of each method that ships, or all that the longer profiles train."""
    starts = range(context.root_seed, context.root_seed + STARTS)
    start = statistics.fmean(map(probe_of_start, starts))
    for method in context.at(quick=networks.METHODS, full=("MAE", "CL, masks", "CL")):
        yield Case((), method)
        found = networks.group(context, method)
        if method != "DINO":
            yield at_most(
                f"{method}: largest loss at the end over that at the start",
                max(each.losses[1] / each.losses[0] for each in found),
                0.9,
                0,
                "measured: 0.60 to 0.79; without training 1",
                false_alarm=drawn(context, 1e-8),
            )
        read = found[0].probe or probe_of_shipped(f"{method}/0")
        yield at_least(
            f"{method}: labels that a linear reader finds, beyond an untrained network's",
            read - start,
            0.03,
            0,
            "measured: 0.10 to 0.19; untrained 0.52 to 0.59, three of which are averaged",
            false_alarm=1e-8,
        )


training_is_real.mistake(
    networks.stored,
    "untrained networks are called trained",
    lambda original: lambda name: networks.untrained(networks.Recipe("MAE"), 7),
)
training_is_real.mistake(
    probe_of_start,
    "the control is read as well as the trained",
    lambda original: lambda number: 0.7,
)

CLAIMS = (untrained_control, training_is_real)
