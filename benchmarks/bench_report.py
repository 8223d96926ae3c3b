"""A page of many claims: how large the file is, and how long Chromium takes to load it.

    python -m benchmarks report

The made-up run has 3,000 legs, nineteen times the paper's. The aim is a page of at most 5 MB that
loads within a second.
"""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from pathlib import Path

from refutable.claim import Kind, Provenance, Verdict
from refutable.gap import Relation
from refutable.records.results import (
    CertificateRecord,
    ClaimRecord,
    GapRecord,
    LegRecord,
    Results,
    Run,
    SeriesRecord,
    Totals,
)
from refutable.reports import html

LEGS = 3000
MOST_BYTES = 5_000_000
MOST_SECONDS = 1.0
LOADS = 5
KINDS = (Kind.SMT, Kind.PROPERTY, Kind.SCALING)


def many_legs(legs: int = LEGS) -> Results:
    """A run of as many legs, three to a claim, each as full as the paper's fullest."""
    claims = tuple(_claim(number) for number in range(legs // len(KINDS)))
    verdicts = dict.fromkeys(Verdict, 0) | {Verdict.HOLDS: len(claims)}
    run = Run(
        id="0", started="2026-01-01T00:00:00+00:00", seconds=60.0, seed=0, profile="full",
        command="claims verify", environment={"python": "3.11"},
    )  # fmt: skip
    totals = Totals(
        claims=len(claims), legs=legs, cases=40 * legs, verdicts=verdicts, false_alarm=0.0
    )
    return Results(run=run, claims=claims, totals=totals)


def _claim(number: int) -> ClaimRecord:
    return ClaimRecord(
        id=f"chapter{number // 50}.claim-{number}",
        title="The own feature-position correlation grows at the rate of the reduced dynamics",
        statement=r"z_nA_n\big(z_n^2(1-A_n)^2+\sum_{m\ne n}z_m^2A_m^2\big)\ge 0"
        rf"\text{{ for every }} n\ge {number}",
        measured="the exponent of the time along a ladder of P, and its constant",
        provenance=list(Provenance)[number % 4],
        paper=None,
        assumptions=("orthonormal features", "uniform masking", "zero initialisation"),
        rests_on=tuple(
            f"chapter{other // 50}.claim-{other}" for other in {number // 2, number // 3} - {number}
        ),
        verdict=Verdict.HOLDS,
        blocked_by=(),
        legs=tuple(_leg(kind, number) for kind in KINDS),
        chapter=f"Chapter {number // 50}: as long a heading as a chapter of the paper has",
    )


def _leg(kind: Kind, number: int) -> LegRecord:
    gaps = tuple(_gap(kind, number, i) for i in range(2 if kind is Kind.SMT else 12))
    return LegRecord(
        kind=kind,
        grade=kind.grade,
        verdict=Verdict.HOLDS,
        cases=40,
        gaps=gaps,
        regimes={"positive gap": 20, "negative gap": 20},
        series=(_series(number),) * 4 if kind is Kind.SCALING else (),
    )


def _gap(kind: Kind, number: int, i: int) -> GapRecord:
    certificate = CertificateRecord(
        by="z3", negated="z_n·A_n·((1 - A_n)²·z_n² + S) < 0",
        assumptions=("0 ≤ A_n", "A_n ≤ 1", "0 ≤ S", "0 < z_n"), sums="S = Σ A_m²z_m² ≥ 0",
        variables={"A_n": "own attention", "z_n": "latent", "S": "sum of squares"},
        reductions=("S stands for a sum over any number of areas",),
        resource={"rlimit": 10_000 + number},
    )  # fmt: skip
    return GapRecord(
        name=f"local query, κ=(0.9, 0.3) z=1 K=1 γ=0.5: exponent at rung {i}",
        measured=0.7 + 1e-5 * math.sin(number + i),
        predicted=0.7,
        relation=Relation.EQUAL,
        tolerance=0.005,
        why="a quarter of the 0.02 by which a wrong exponent must be rejected",
        holds=True,
        closeness=abs(math.sin(number + i)) / 500,
        false_alarm=0.0,
        certificate=certificate if kind is Kind.SMT else None,
    )


def _series(number: int) -> SeriesRecord:
    x = tuple(math.log(10) * rung for rung in range(3, 103, 4))
    residuals = tuple(0.5 * math.exp(-0.1 * v) * (1 + 0.1 * math.sin(number + v)) for v in x)
    return SeriesRecord(
        name="local query, T* at ε = P^-1.2, κ=(0.9, 0.3) z=1 K=1", x_label="log P", is_log=True,
        x=x, measured=x, predicted=x, residuals=residuals, judged_from=50.0, settled_from=20.0,
        exponent=0.7, exponent_half_width=1e-5, constant=1.0, constant_half_width=1e-5, drift=1e-5,
    )  # fmt: skip


def seconds_to_load(file: Path) -> float | None:
    """Seconds from asking for the page to the end of its load event, in Chromium, at the median.

    None without Chromium and its driver.
    """
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not chromium:
        return None
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    times = []
    try:
        for _ in range(LOADS):
            browser.get("about:blank")
            browser.get(file.as_uri())
            took = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
            times.append(browser.execute_script(took) / 1000)
    finally:
        browser.quit()
    return float(sorted(times)[LOADS // 2])


def main() -> None:
    """Print size and times beside the aim."""
    results = many_legs()
    started = time.perf_counter()
    page = html.page(results).encode()
    print(f"report.html of {results.totals.claims:,} claims, {results.totals.legs:,} legs")
    print(f"  rendered in {time.perf_counter() - started:.1f} s")
    print(f"  size    {len(page) / 1e6:5.2f} MB   (aim: at most {MOST_BYTES / 1e6:.0f} MB)")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.html")
        file.write_bytes(page)
        took = seconds_to_load(file)
    if took is None:
        print("  loading is not timed: apt-get install chromium chromium-driver")
    else:
        print(f"  loading {took:5.2f} s    (aim: at most {MOST_SECONDS:.0f} s; median of {LOADS})")


if __name__ == "__main__":
    main()
