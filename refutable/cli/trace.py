"""claims trace: one configuration's dynamics beside what is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from refutable import streams
from refutable.cli import options
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.model.setting import Contrastive, Latents, Setting, SettingError, power_of_ten
from refutable.records.documents import plain
from refutable.reports import trace


def _picture_path(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """A file that a picture can be written to. UsageError otherwise, before anything is run."""
    if path is None:
        return None
    from refutable.reports.figure import UNDATED  # with matplotlib, which takes a second

    if path.suffix not in UNDATED:
        raise UsageError(f"--plot writes {', '.join(UNDATED)}, not {path.name!r}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for --plot")
    if path.is_dir():
        raise UsageError(f"--plot takes a file, and {path} is a folder")
    return path


def _patches(P: int | None, log10_P: float | None) -> int:
    """P from whichever of the two was given. UsageError unless exactly one was."""
    if (P is None) == (log10_P is None):
        raise UsageError("give exactly one of --P and --log10-P")
    if P is not None:
        return P
    assert log10_P is not None
    if not 0 < log10_P <= 300:
        raise UsageError(f"--log10-P must lie in (0, 300], not {log10_P}")
    return power_of_ten(log10_P)


@click.command(
    "trace",
    epilog=examples(
        "claims trace --objective mae --log10-P 20 --kappa-c 0.9 --kappa-s 0.3",
        "claims trace --objective cl --P 1000 --kappa-c 0.9 --kappa-s 0.3 --plot cl.svg",
    ),
)
@click.option("--objective", type=click.Choice(["mae", "cl"]), required=True)
@click.option("--query", type=click.Choice(["local", "global"]), default="local", show_default=True)
@click.option("--P", "P", type=int, help="Number of patches.")
@click.option("--log10-P", "log10_P", type=float, help="Number of patches, as a power of ten.")
@click.option("--kappa-c", type=float, required=True, help="Exponent of the global area.")
@click.option("--kappa-s", type=float, required=True, help="Exponent of a local area.")
@click.option("--c-1", type=float, default=1.0, show_default=True, help="C_1 = c_1·P^kappa_c.")
@click.option("--c-s", type=float, default=1.0, show_default=True, help="C_s = c_s·P^kappa_s.")
@click.option("--gamma", type=float, default=0.5, show_default=True, help="Masking ratio.")
@click.option("--latents", default="1", show_default=True, metavar="Z|L,U",
              help="A constant, or two values with probability one half each.")  # fmt: skip
@click.option("--clusters", type=int, default=None,
              help="Number of clusters K [default: 1 for mae, 8 for cl].")  # fmt: skip
@click.option("--tau", type=float, default=1.0, show_default=True, help="Temperature (cl).")
@click.option("--negatives", type=float, default=16, show_default=True,
              help="Number of negatives (cl); inf for the limit, reduced engine only.")  # fmt: skip
@click.option("--loss-gap", type=float, default=1e-3, show_default=True,
              callback=options.number("--loss-gap", 1e-250, 1e3))  # fmt: skip
@click.option("--engine", type=click.Choice(["reduced", "descent", "closed"]), default="reduced",
              show_default=True)  # fmt: skip
@options.seed
@options.as_json
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", callback=_picture_path,
              help="Also draw the correlations over time: .svg, .png or .pdf.")  # fmt: skip
def command(
    as_json: bool, plot: Path | None, P: int | None, log10_P: float | None, **asked: Any
) -> None:
    """One configuration's dynamics, with the predicted events beside the measured ones."""
    if asked["objective"] == "mae":
        _refuse_contrastive()
    try:
        setting = _setting(_patches(P, log10_P), asked)
        from refutable.claims import tracing  # takes seconds: bad input does without

        found = tracing.trace(
            setting,
            asked["objective"],
            asked["query"],
            loss_gap=asked["loss_gap"],
            engine=asked["engine"],
            seed=asked["seed"],
        )
    except SettingError as problem:
        raise UsageError(str(problem)) from problem
    if plot is not None:
        from refutable.reports import figure, trajectory_figure

        record, series = found.record, found.frame()
        figure.write(lambda empty: trajectory_figure.draw(empty, record, series), plot)
    if as_json:
        streams.say_json(plain(found.document), 1)
    else:
        trace.show(found.record, options.console())
        if plot is not None:
            streams.say(f"Picture in {plot}")


def _refuse_contrastive() -> None:
    """UsageError for options that mean nothing to a masked autoencoder."""
    context = click.get_current_context()
    for name in ("tau", "negatives"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name} belongs to --objective cl")


def _setting(P: int, asked: Mapping[str, Any]) -> Setting:
    """The setting that the options describe. SettingError when the definitions exclude it."""
    clusters = 8 if asked["objective"] == "cl" else 1
    return Setting(
        P=P,
        kappa_c=asked["kappa_c"],
        kappa_s=asked["kappa_s"],
        c_1=asked["c_1"],
        c_s=asked["c_s"],
        gamma=asked["gamma"],
        latents=Latents.parse(asked["latents"]),
        K=clusters if asked["clusters"] is None else asked["clusters"],
        contrastive=Contrastive(tau=asked["tau"], negatives=asked["negatives"]),
    )
