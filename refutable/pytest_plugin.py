"""The pytest plugin: `pytest --claims` makes a test item of every claim.

Selection (-k), parallel runs (-n), --lf and --junitxml then work as for any test. A claim that
holds passes; one that fails, is vacuous or in error fails; one that is undecided or was not run is
skipped with its reason, or fails with --claims-strict: it never passes. Without these flags the
plugin does nothing, and imports nothing that takes time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from refutable.text import many

if TYPE_CHECKING:
    from refutable.outline import Outline
    from refutable.records.contents import Entry
    from refutable.records.results import ClaimRecord
    from refutable.run import Checking


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flags."""
    group = parser.getgroup("claims", "executable claims")
    group.addoption("--claims", action="store_true", help="Check the paper's claims.")
    group.addoption(
        "--claims-module", action="append", default=[], metavar="FILE_OR_PACKAGE",
        help="Check claims of your own: a Python file, a package's folder or a module, with "
        "CLAIMS; may be repeated.",
    )  # fmt: skip
    group.addoption(
        "--claims-profile", choices=("quick", "full", "deep"), default="quick",
        help="How much effort to spend (default: quick).",
    )  # fmt: skip
    group.addoption(
        "--claims-seed", type=int, default=0, metavar="N", help="The root seed (default: 0)."
    )
    group.addoption(
        "--claims-limit", type=float, metavar="SECONDS",
        help="How long a leg may take that names no limit of its own (default: by profile).",
    )  # fmt: skip
    group.addoption(
        "--claims-strict", action="store_true",
        help="Undecided claims, and those that were not run, fail.",
    )  # fmt: skip


def sources_of(config: pytest.Config) -> tuple[str, ...]:
    """The modules whose claims are asked for; none when the plugin is idle."""
    own = tuple(config.getoption("--claims-module"))
    if not config.getoption("--claims"):
        return own
    from refutable.catalogue import DEFAULT_SOURCES  # not for runs without claims

    return DEFAULT_SOURCES + own


class Checks:
    """Checks claims in processes that have imported what pytest has chosen, and no more."""

    def __init__(self, config: pytest.Config, sources: tuple[str, ...]) -> None:
        from refutable.run import require

        self.sources = sources
        self.how = [config.getoption(f"--claims-{name}") for name in ("profile", "seed", "limit")]
        profile, seed, limit = self.how
        require(profile, seed, 1, limit)
        self._stack = contextlib.ExitStack()
        config.add_cleanup(self._stack.close)
        self._checking: Checking | None = None

    def outline(self) -> Outline:
        """What the sources define, by an index where they have one: that imports no chapter."""
        from refutable.run import Checking, opened

        outline, pool = self._stack.enter_context(opened(self.sources, chosen=False))
        if not outline.indexed:
            self._checking = Checking(outline, pool, (), *self.how)
        return outline

    def begin(self, ids: Sequence[str]) -> None:
        """Import the claims that are to be checked, unless all are imported."""
        from refutable.run import Checking, opened

        if self._checking is None:
            self._stack.close()
            self._checking = Checking(
                *self._stack.enter_context(opened(self.sources, ids)), (), *self.how
            )

    def claim(self, id: str) -> ClaimRecord:
        """What a claim comes to."""
        assert self._checking is not None  # or pytest had run what it had not collected
        return self._checking.claim(id)


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """What cannot be used is refused as pytest does, in a line."""
    from refutable.errors import UsageError

    try:
        yield
    except UsageError as problem:
        raise pytest.UsageError(str(problem)) from None


class ClaimsCollector(pytest.Collector):
    """All claims of the modules asked for, in the order of their catalogue."""

    def __init__(self, sources: tuple[str, ...], **rest: Any) -> None:
        super().__init__(**rest)
        self.sources = sources

    def collect(self) -> Iterator[pytest.Item]:
        """An item for every claim."""
        with refusing():
            checks = Checks(self.config, self.sources)
            outline = checks.outline()
        for id in outline.unlisted:
            said = f"claim {id} is defined, but not in CLAIMS: it is not checked"
            self.config.issue_config_time_warning(pytest.PytestWarning(said), stacklevel=2)
        for id in outline.catalogue.ids:
            claim = outline.catalogue.entry(id, placed=False)
            yield ClaimItem.from_parent(self, name=id, claim=claim, checks=checks)


class NotShown(Exception):  # noqa: N818 - a verdict, not an error
    """A claim that does not hold, with its record."""

    def __init__(self, record: ClaimRecord) -> None:
        super().__init__(record.id)
        self.record = record


class ClaimItem(pytest.Item):
    """One claim."""

    def __init__(self, claim: Entry, checks: Checks, **rest: Any) -> None:
        super().__init__(**rest)
        self.claim, self.checks = claim, checks
        self.record: ClaimRecord | None = None

    def runtest(self) -> None:
        """Check every leg that the profile runs."""
        from refutable.claim import Verdict

        option = self.config.getoption
        record = self.checks.claim(self.claim.id)
        self.record = record
        if record.verdict is Verdict.HOLDS:
            return
        lenient = record.verdict in (Verdict.UNDECIDED, Verdict.NOT_RUN)
        if lenient and not option("--claims-strict"):
            pytest.skip(f"{record.verdict.value}: {'; '.join(reasons(record)) or 'no leg ran'}")
        raise NotShown(record)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """What was measured against what was claimed, and how to see it again."""
        if not isinstance(excinfo.value, NotShown):
            return super().repr_failure(excinfo)
        from refutable import text as texts

        record = excinfo.value.record
        option = self.config.getoption
        lines = [f"{record.id}: {record.title}", f"verdict: {record.verdict.value}", ""]
        lines += reasons(record)
        for leg in record.legs:
            if leg.witness:
                lines.append(f"witness ({leg.kind.value}): {leg.witness}")
        words = ["claims", "verify", record.id, "--profile", option("--claims-profile")]
        words += ["--seed", str(option("--claims-seed"))]
        if option("--claims-module"):
            words += [w for source in sources_of(self.config) for w in ("--module", source)]
        lines += ["", f"again: {texts.command(words)}"]
        return "\n".join(lines)

    def reportinfo(self) -> tuple[str, None, str]:
        """How the item is named in reports."""
        return "claims", None, f"{self.claim.id}: {self.claim.title}"


def reasons(record: ClaimRecord) -> list[str]:
    """One line for everything that keeps a claim from holding."""
    lines = []
    for leg in record.legs:
        if leg.note:
            lines.append(f"{leg.kind.value}: {leg.note}")
        for gap in leg.gaps:
            if not gap.holds:
                lines.append(f"{leg.kind.value}: {gap.said}, because {gap.why}")
    return lines


def pytest_configure(config: pytest.Config) -> None:
    """With claims asked for, collect tests of files only when files were named."""
    if sources_of(config) and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add the claims, before -k and --lf choose."""
    sources = sources_of(session.config)
    if sources:
        parent = ClaimsCollector.from_parent(
            session, name="claims", sources=sources, nodeid="claims"
        )
        items += list(parent.collect())


def pytest_collection_finish(session: pytest.Session) -> None:
    """Import the claims that are to be checked, now that -k and --lf have chosen."""
    items = [item for item in session.items if isinstance(item, ClaimItem)]
    if items and not session.config.getoption("collectonly"):
        with refusing():
            items[0].checks.begin([item.claim.id for item in items])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let the record travel with the report, from worker processes, too."""
    report = yield
    if isinstance(item, ClaimItem) and item.record and report.when == "call":
        report.claim_record = item.record.model_dump(mode="json")
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Verdicts, claim by claim, and their counts."""
    if not sources_of(terminalreporter.config):
        return
    from refutable.records.results import ClaimRecord

    records = [
        ClaimRecord.model_validate(report.claim_record)
        for reports in terminalreporter.stats.values()
        for report in reports
        if hasattr(report, "claim_record")
    ]
    if not records:
        return
    terminalreporter.section("claims")
    width = max(len(record.id) for record in records)
    counts: dict[str, int] = {}
    for record in records:
        verdict = record.verdict.value
        counts[verdict] = counts.get(verdict, 0) + 1
        grade = " + ".join(grade.value for grade in record.grades)
        share = "" if record.closeness is None else f"{record.closeness:.0%} of its allowance"
        left = [leg.kind.value for leg in record.legs if leg.verdict.value == "not-run"]
        left_out = f"left out: {', '.join(left)}" if left else ""
        line = f"{record.id:{width}}  {verdict:9}  {grade:20}  {share:22}  {left_out}"
        terminalreporter.write_line(line.rstrip())
    said = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    terminalreporter.write_line(f"{many(len(records), 'claim')}: {said}")
