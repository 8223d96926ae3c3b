"""claims trace: one configuration's dynamics beside what is predicted, or those of several."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refutable import streams
from refutable.cli import options, progress
from refutable.cli.examples import examples
from refutable.errors import UsageError
from refutable.model.setting import Contrastive, Latents, Setting, SettingError, power_of_ten
from refutable.records.documents import plain, put
from refutable.reports import sweep, trace

if TYPE_CHECKING:
    import pandas as pd

    from refutable.claims.tracing import Trace

VARIED = ("P", "log10_P", "kappa_c", "kappa_s", "c_1", "c_s", "gamma", "clusters", "tau")
"""Options that take several values, separated by commas."""
MOST_TRACES = 400


def _values(read: Callable[[str], float]) -> Callable[..., tuple[float, ...] | None]:
    """A callback that reads one number, or several separated by commas."""

    def parse(_: click.Context, option: click.Parameter, text: str | None) -> Any:
        try:
            return None if text is None else tuple(read(part) for part in text.split(","))
        except ValueError:
            kind = "a whole number" if read is int else "a number"
            raise UsageError(
                f"{option.opts[0]} takes {kind}, or several separated by commas, not {text!r}"
            ) from None

    return parse


_whole, _real = _values(int), _values(float)


def _file(suffixes: Callable[[], Any]) -> Callable[..., Path | None]:
    """A callback for a file that can be written to. UsageError before anything is run."""

    def parse(_: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
        if path is None:
            return None
        name = option.opts[0]
        if path.suffix not in suffixes():
            raise UsageError(f"{name} writes {', '.join(suffixes())}, not {path.name!r}")
        options.require_folder(path, name)
        if path.is_dir():
            raise UsageError(f"{name} takes a file, and {path} is a folder")
        return path

    return parse


def _drawn() -> Any:
    from refutable.reports.figure import UNDATED  # with matplotlib, which takes a second

    return [*UNDATED, ".html"]


@click.command(
    "trace",
    epilog=examples(
        "claims trace --objective mae --log10-P 20 --kappa-c 0.9 --kappa-s 0.3",
        "claims trace --objective cl --P 1000 --kappa-c 0.9 --kappa-s 0.3 --plot cl.html",
        "claims trace --objective mae --log10-P 20,40,80 --kappa-c 0.9 --kappa-s 0.1,0.2,0.3",
    ),
)
@click.option("--objective", type=click.Choice(["mae", "cl"]), required=True)
@click.option("--query", type=click.Choice(["local", "global"]), default="local", show_default=True)
@click.option("--P", "P", metavar="N[,N...]", help="Number of patches.", callback=_whole)
@click.option("--log10-P", "log10_P", metavar="X[,X...]",
              help="Number of patches, as a power of ten.", callback=_real)  # fmt: skip
@click.option("--kappa-c", required=True, metavar="X[,X...]",
              help="Exponent of the global area.", callback=_real)  # fmt: skip
@click.option("--kappa-s", required=True, metavar="X[,X...]",
              help="Exponent of a local area.", callback=_real)  # fmt: skip
@click.option("--c-1", default="1", show_default=True, metavar="X[,X...]",
              help="C_1 = c_1·P^kappa_c.", callback=_real)  # fmt: skip
@click.option("--c-s", default="1", show_default=True, metavar="X[,X...]",
              help="C_s = c_s·P^kappa_s.", callback=_real)  # fmt: skip
@click.option("--gamma", default="0.5", show_default=True, metavar="X[,X...]",
              help="Masking ratio.", callback=_real)  # fmt: skip
@click.option("--latents", default="1", show_default=True, metavar="Z|L,U",
              help="A constant, or two values with probability one half each.")  # fmt: skip
@click.option("--clusters", default=None, metavar="N[,N...]", callback=_whole,
              help="Number of clusters K [default: 1 for mae, 8 for cl].")  # fmt: skip
@click.option("--tau", default="1", show_default=True, metavar="X[,X...]",
              help="Temperature (cl).", callback=_real)  # fmt: skip
@click.option("--negatives", type=float, default=16, show_default=True,
              help="Number of negatives (cl); inf for the limit, reduced engine only.")  # fmt: skip
@click.option("--loss-gap", type=float, default=1e-3, show_default=True,
              callback=options.number("--loss-gap", 1e-250, 1e3))  # fmt: skip
@click.option("--engine", type=click.Choice(["reduced", "descent", "closed"]), default="reduced",
              show_default=True)  # fmt: skip
@options.seed
@options.as_json
@click.option("--series", is_flag=True, help="With --json: the whole trajectory, too.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE",
              callback=_file(_drawn),
              help="Also draw the correlations over time: .html, .svg, .png or .pdf.")  # fmt: skip
@click.option("--csv", type=click.Path(path_type=Path), metavar="FILE",
              callback=_file(lambda: (".csv",)),
              help="Also write the trajectory, or a row per configuration.")  # fmt: skip
@click.option("--npz", type=click.Path(path_type=Path), metavar="FILE",
              callback=_file(lambda: (".npz",)),
              help="The same as arrays of numpy.")  # fmt: skip
def command(
    as_json: bool,
    series: bool,
    plot: Path | None,
    csv: Path | None,
    npz: Path | None,
    **asked: Any,
) -> None:
    """One configuration's dynamics, with the predicted events beside the measured ones.

    Several values of one or two parameters, separated by commas, give a table of their
    configurations, and with --plot a picture over the first of them.
    """
    if asked["objective"] == "mae":
        _refuse_contrastive()
    found = list(_traces(asked))
    varied = [name for name in VARIED if asked[name] is not None and len(asked[name]) > 1]
    frame = sweep.frame([one.record for one in found], varied) if varied else found[0].frame()
    _write(frame, csv, npz)
    if plot is not None:
        _draw(plot, [one.record for one in found], varied, frame)
    documents = [plain(one.with_series() if series else one.document) for one in found]
    if as_json:
        streams.say_json(documents if varied else documents[0], 1)
    else:
        if varied:
            sweep.show([one.record for one in found], varied, options.console())
        else:
            trace.show(found[0].record, options.console())
        for path, what in ((plot, "Picture"), (csv, "Table"), (npz, "Arrays")):
            if path is not None:
                streams.say(f"{what} in {path}")


def _draw(
    path: Path, records: list[Mapping[str, Any]], varied: list[str], frame: pd.DataFrame
) -> None:
    """Write the picture, or a page with it, as the suffix says."""
    from refutable.reports import figure, html, sweep_figure, trajectory_figure

    if path.suffix == ".html":
        put(path, html.traced(records, varied, frame))
    elif varied:
        figure.write(lambda empty: sweep_figure.draw(empty, frame, varied), path)
    else:
        figure.write(lambda empty: trajectory_figure.draw(empty, records[0], frame), path)


def _points(asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every combination of the values that were given. UsageError for too many of them."""
    if (asked["P"] is None) == (asked["log10_P"] is None):
        raise UsageError("give exactly one of --P and --log10-P")
    given = {name: asked[name] for name in VARIED if asked[name] is not None}
    several = [f"--{name.replace('_', '-')}" for name, values in given.items() if len(values) > 1]
    if len(several) > 2:
        raise UsageError(f"at most two parameters take several values, not {', '.join(several)}")
    points = list(itertools.product(*given.values()))
    if len(points) > MOST_TRACES:
        raise UsageError(
            f"that is {len(points):,} configurations; at most {MOST_TRACES} are traced"
        )
    for point in points:
        yield dict(zip(given, point, strict=True))


def _traces(asked: Mapping[str, Any]) -> Iterator[Trace]:
    """The dynamics of every configuration. UsageError when the definitions exclude one."""
    try:
        settings = [_setting(point, asked) for point in _points(asked)]
        from refutable.claims import tracing  # takes seconds: bad input does without

        for number, setting in enumerate(settings, 1):
            many = len(settings) > 1
            with progress.waiting(f"trace {number} of {len(settings)}" if many else "trace"):
                yield tracing.trace(
                    setting,
                    asked["objective"],
                    asked["query"],
                    loss_gap=asked["loss_gap"],
                    engine=asked["engine"],
                    seed=asked["seed"],
                )
    except SettingError as problem:
        raise UsageError(str(problem)) from problem


def _write(frame: pd.DataFrame, csv: Path | None, npz: Path | None) -> None:
    if csv is not None:
        frame.to_csv(csv, index=False)
    if npz is not None:
        import numpy as np

        np.savez(npz, **{str(name): frame[name].to_numpy() for name in frame})


def _refuse_contrastive() -> None:
    """UsageError for options that mean nothing to a masked autoencoder."""
    context = click.get_current_context()
    for name in ("tau", "negatives"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name} belongs to --objective cl")


def _patches(point: Mapping[str, Any]) -> int:
    """P from whichever of the two was given."""
    if "P" in point:
        return int(point["P"])
    log10_P = point["log10_P"]
    if not 0 < log10_P <= 300:
        raise UsageError(f"--log10-P must lie in (0, 300], not {log10_P}")
    return power_of_ten(log10_P)


def _setting(point: Mapping[str, Any], asked: Mapping[str, Any]) -> Setting:
    """The setting that the options describe. SettingError when the definitions exclude it."""
    clusters = 8 if asked["objective"] == "cl" else 1
    return Setting(
        P=_patches(point),
        kappa_c=point["kappa_c"],
        kappa_s=point["kappa_s"],
        c_1=point["c_1"],
        c_s=point["c_s"],
        gamma=point["gamma"],
        latents=Latents.parse(asked["latents"]),
        K=point.get("clusters", clusters),
        contrastive=Contrastive(tau=point["tau"], negatives=asked["negatives"]),
    )
