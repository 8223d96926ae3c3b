"""Many seeds, to see whether chance ever turns a verdict.

`python -m benchmarks.soak --seeds 200 --profile full --out soak` checks the legs that draw anything
(property and trained) once for every seed. A soak that was stopped continues with the same command.
Exit 1 when a leg has more than one verdict. Of every noisy gap it measures how many of its own
standard deviations lie between its mean and what is allowed; the least are shown.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import click
import numpy as np

from refutable import run
from refutable.claim import PROFILES, Profile, Verdict
from refutable.gap import Relation
from refutable.records.results import GapRecord

STOCHASTIC = ("kind:property", "kind:trained")


def room(gap: GapRecord) -> float | None:
    """How far a measured number is from what is just allowed; None where chance plays no part."""
    if not gap.false_alarm or isinstance(gap.measured, str) or isinstance(gap.predicted, str):
        return None
    over = gap.measured - gap.predicted
    match gap.relation:
        case Relation.AT_MOST:
            return gap.tolerance - over
        case Relation.AT_LEAST:
            return gap.tolerance + over
        case _:
            return gap.tolerance - abs(over)


@click.command()
@click.argument("select", nargs=-1)
@click.option("--seeds", type=click.IntRange(2), default=200, show_default=True)
@click.option("--profile", type=click.Choice(PROFILES), default="full", show_default=True)
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("soak"), show_default=True)
def soak(select: tuple[str, ...], seeds: int, profile: Profile, workers: int, out: Path) -> None:
    """Check the stochastic legs under many seeds and report verdict flips."""
    verdicts: dict[str, dict[Verdict, list[int]]] = defaultdict(lambda: defaultdict(list))
    rooms: dict[str, list[float]] = defaultdict(list)
    stated = 0.0
    for seed in range(seeds):
        results = run.verify(
            [*select, *STOCHASTIC],
            profile=profile,
            seed=seed,
            workers=workers,
            out=out / f"seed-{seed}",
        )
        stated = results.totals.false_alarm
        for claim in results.claims:
            for leg in claim.legs:
                if leg.verdict is not Verdict.NOT_RUN:
                    name = f"{claim.id} [{leg.kind.value}]"
                    verdicts[name][leg.verdict].append(seed)
                    for gap in leg.gaps:
                        if (left := room(gap)) is not None:
                            rooms[f"{name} {gap.name}"].append(left)
        click.echo(f"seed {seed}: {results.run.seconds:.0f} s", err=True)
    spread = {name: found for name, found in rooms.items() if len(found) > 2 and np.ptp(found) > 0}
    sigmas = {name: np.mean(found) / np.std(found) for name, found in spread.items()}
    for name in sorted(sigmas, key=lambda name: sigmas[name])[:10]:
        click.echo(f"{sigmas[name]:.1f} standard deviations: {name}")
    flips = {name: found for name, found in verdicts.items() if len(found) > 1}
    for name, found in flips.items():
        counts = ", ".join(f"{v.value} under seeds {s[:5]}" for v, s in found.items())
        click.echo(f"FLIP {name}: {counts}")
    click.echo(
        f"{len(verdicts)} stochastic legs under {seeds} seeds: {len(flips)} verdict flips; "
        f"a run states {stated:.1g} as its probability of a false alarm."
    )
    raise SystemExit(bool(flips))


if __name__ == "__main__":
    soak()
