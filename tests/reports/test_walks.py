"""What a reader comes for, found on the page alone: by looking, clicking and typing in Chromium.

Which claim is weakest and why; what failed, and how to see it again; what was assumed, and how far
that bends; and how to hand what one sees to somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By

from refutable.auditing.atlas import (
    Atlas,
    AtlasTotals,
    DialRecord,
    Margin,
    Outcome,
    PairRecord,
    TrialRecord,
)
from refutable.claim import Kind, Provenance, Verdict
from refutable.gap import Relation
from refutable.records import history
from refutable.records.results import (
    ClaimRecord,
    FailureRecord,
    GapRecord,
    LegRecord,
    Results,
    Run,
    SourceRecord,
    Totals,
)
from refutable.reports import html

RUN = Run(
    id="0", started="2026-01-01T00:00:00+00:00", seconds=9.0, seed=3, profile="quick",
    command="claims verify --module mine.py --out kept", modules=("mine.py",), environment={},
)  # fmt: skip


def gap(name: str, measured: float, predicted: float, *, allowed: float = 1.0) -> GapRecord:
    far = abs(measured - predicted)
    return GapRecord(
        name=name, measured=measured, predicted=predicted, relation=Relation.EQUAL,
        tolerance=allowed, why=f"room for {name[:4]}", holds=far <= allowed,
        closeness=far / allowed, false_alarm=0.0,
    )  # fmt: skip


def claim(id: str, verdict: Verdict, *legs: LegRecord, **fields: Any) -> ClaimRecord:
    return ClaimRecord(**{
        "id": id, "title": f"what {id} says", "statement": r"x \le 1", "measured": "",
        "provenance": Provenance.RECONSTRUCTED, "paper": None, "assumptions": (), "rests_on": (),
        "verdict": verdict, "blocked_by": (), "legs": legs, "chapter": "One chapter",
    } | fields)  # fmt: skip


def leg(kind: Kind, verdict: Verdict = Verdict.HOLDS, **fields: Any) -> LegRecord:
    return LegRecord(kind=kind, grade=kind.grade, verdict=verdict, cases=2, **fields)


LONG = "z=" + ",".join(f"{i / 32}" for i in range(32))
CLAIMS = (
    claim("strong", Verdict.HOLDS, leg(Kind.SYMBOLIC, gaps=(gap("sure", 1.0, 1.0),), seconds=1.0)),
    claim(
        "thm4.4", Verdict.HOLDS,
        leg(Kind.TRAINED, seconds=5.0, gaps=(
            gap(f"collapse, κ=(0.9, 0.3) {LONG}", 1.2, 1.0),
            gap(f"softmax of the rest, κ=(0.9, 0.3) {LONG}", 1.95, 1.0),
        )),
        paper="Theorem 4.4", rests_on=("strong",), assumptions=("many clusters", "exact features"),
    ),
    claim(
        "wrong", Verdict.FAILS,
        leg(
            Kind.PROPERTY, Verdict.FAILS, gaps=(gap("distance", 9.0, 1.0),), seconds=0.5,
            witness={"configuration": {"width": 3, "sizes": [1, 2]}}, place="mine.py:12",
        ),
    ),
    claim(
        "broken", Verdict.ERROR,
        leg(Kind.EXACT, Verdict.ERROR, note="ValueError: no such area", failure=FailureRecord(
            type="ValueError", message="no such area", file="mine.py", line=30,
            traceback='File "mine.py", line 30\n  areas[7]\nValueError: no such area',
        )),
        assumptions=("many clusters",),
    ),
)  # fmt: skip
DIAL = DialRecord(
    name="clusters", assumption="many clusters", title="fewer clusters", source="§4", enters="K",
    scanned=(8.0, 4.0, 2.0, 1.0), labels={},
)  # fmt: skip
ATLAS = Atlas(
    run=RUN, dials=(DIAL,),
    pairs=(PairRecord(
        claim="thm4.4", dial="clusters", assumption="many clusters", measured="attention",
        verdict=Margin.BREAKS, holds_to=2.0, breaks_at=1.0, note=None,
        trials=(TrialRecord(value=8.0, outcome=Outcome.HOLDS, seeds=1, failing=0),),
    ),),
    totals=AtlasTotals(pairs=1, trials=4, verdicts={Margin.BREAKS: 1}),
)  # fmt: skip
PHONE, DESK = 390, 1280


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page as a run leaves it, in a folder with the atlas of an audit."""
    folder = tmp_path_factory.mktemp("run")
    ATLAS.write(folder / "atlas.json")
    verdicts = {Verdict.HOLDS: 2, Verdict.FAILS: 1, Verdict.ERROR: 1}
    results = Results(
        run=RUN, claims=CLAIMS, main=("strong", "thm4.4"),
        totals=Totals(claims=4, legs=4, cases=8, verdicts=verdicts, false_alarm=0.0),
        not_checked={"Figure 1": "it shows photographs"},
        sources=(SourceRecord(
            name="mine", title="A paper of four claims", authors=("A. Author",),
            link="https://example.org/paper", version="2.0",
        ),),
    )  # fmt: skip
    last = history.Past.of(results)
    before = {
        "strong": history.Found(verdict=Verdict.HOLDS, closeness=0.0),
        "thm4.4": history.Found(verdict=Verdict.HOLDS, closeness=0.4),
        "wrong": history.Found(verdict=Verdict.HOLDS, closeness=0.1),
    }
    first = last.model_copy(
        update={"id": "-1", "started": "2025-12-31T00:00:00+00:00", "claims": before}
    )
    history.write(folder / history.FILE, (first, last))
    (folder / "report.html").write_text(html.page(results, folder), encoding="utf-8")
    return folder / "report.html"


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(chromium: Any, file: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    screen = {
        "width": request.param, "height": 900, "deviceScaleFactor": 1,
        "mobile": request.param == PHONE,
    }  # fmt: skip
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    chromium.get("about:blank")
    chromium.get(file.as_uri())
    yield chromium
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def find(page: Any, selector: str) -> Any:
    return page.find_element(By.CSS_SELECTOR, selector)


def visible(page: Any) -> list[str]:
    """Ids of the claims of the catalogue that are shown, in the order in which they are."""
    found = page.find_elements(By.CSS_SELECTOR, "details.claim")
    return [e.get_dom_attribute("id").removeprefix("claim-") for e in found if e.is_displayed()]


def search(page: Any, text: str) -> None:
    find(page, "#text").send_keys(Keys.CONTROL, "a", Keys.NULL, text or Keys.BACKSPACE)


def test_the_page_says_what_it_is_about_and_what_came_of_it(page: Any) -> None:
    head = find(page, "header").text
    assert "A paper of four claims" in head
    assert "A. Author" in head
    assert "version 2.0" in head
    assert find(page, "h1 a").get_dom_attribute("href") == "https://example.org/paper"
    said = "2 of 4 claims hold: 1 proved, 1 trained; 1 fails, 1 is in error."
    assert find(page, "#result").text == said
    assert find(page, "#not-checked + ul").text.startswith("Figure 1: it shows photographs")


def test_what_failed_is_unfolded_with_witness_place_and_a_command(page: Any) -> None:
    failing, broken = page.find_elements(By.CSS_SELECTOR, "article.bad")
    assert failing.is_displayed()
    text = failing.text
    for said in ("wrong", "measured 9, equal 1 ± 1 was claimed", "room for dist", "mine.py:12"):
        assert said in text
    cells = [cell.text for cell in failing.find_elements(By.CSS_SELECTOR, "td")]
    assert cells == ["configuration.width", "3", "configuration.sizes", "[1, 2]"]
    for said in ("no such area", "mine.py:30", "areas[7]"):
        assert said in broken.text


def test_a_command_is_copied_with_one_click(page: Any, file: Path) -> None:
    page.execute_script(
        "window.copied = []; navigator.clipboard.writeText = async text => { copied.push(text); }"
    )
    for button in page.find_elements(By.CSS_SELECTOR, "article.bad .copy")[:2]:
        button.click()
    assert page.execute_script("return copied") == [
        f"claims replay {file.parent} wrong/property",
        "claims verify wrong kind:property --profile quick --seed 3 --module mine.py",
    ]


def test_the_weakest_theorem_and_why(page: Any) -> None:
    rows = page.find_elements(By.CSS_SELECTOR, "#main + .scroll tbody tr")
    weakest = next(row for row in rows if "95%" in row.text)
    assert "thm4.4" in weakest.text
    assert "softmax of the rest" in weakest.text
    weakest.find_element(By.LINK_TEXT, "(trained)").click()
    decisive = find(page, "#claim-thm4\\.4 tr.nearest")
    assert decisive.is_displayed()
    assert "softmax of the rest" in decisive.text
    assert "0.03125" not in decisive.text  # 32 latents stand in the table of parameters


def test_the_claims_that_came_closest_to_failing_are_named(page: Any) -> None:
    assert find(page, "#nearest").text.endswith("closest to failing: thm4.4 95%, strong 0%.")


def test_what_changed_since_the_last_run(page: Any) -> None:
    changed = find(page, "#trend + ul").text.splitlines()
    assert "wrong: ✓ holds → ✗ fails" in changed
    assert "thm4.4: closeness 40% → 95%" in changed
    line = find(page, "svg.spark .line")
    assert line.is_displayed()
    stroke = "return getComputedStyle(arguments[0]).stroke"
    assert page.execute_script(stroke, line) != "none"


def test_what_was_assumed_and_how_far_it_bends(page: Any) -> None:
    search(page, "theorem 4.4")
    assert visible(page) == ["thm4.4"]
    find(page, "#claim-thm4\\.4 summary").click()
    text = find(page, "#claim-thm4\\.4").text
    assert "many clusters; exact features" in text
    assert "breaks in 2 .. 1" in text


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("softmax", ["thm4.4"]),
        ("many clusters", ["thm4.4", "broken"]),
        ("no such area", ["broken"]),
        ("κ_c", []),
    ],
)
def test_search_looks_everywhere_and_says_when_nothing_matches(
    page: Any, words: str, found: list[str]
) -> None:
    search(page, words)
    assert visible(page) == found
    assert find(page, "#none").is_displayed() is not bool(found)
    if not found:
        find(page, "#clear").click()
        assert len(visible(page)) == len(CLAIMS)


def test_a_tile_chooses_and_the_address_keeps_the_choice(page: Any) -> None:
    find(page, ".tiles [data-value=holds]").click()
    assert visible(page) == ["strong", "thm4.4"]
    find(page, "#sort").send_keys("closest")
    find(page, "#claim-thm4\\.4 summary").click()
    address = page.current_url
    page.get("about:blank")
    page.get(address)
    assert visible(page) == ["thm4.4", "strong"]
    assert find(page, "#claim-thm4\\.4").get_dom_attribute("open") is not None


def test_a_link_opens_a_claim_that_the_filters_hide_and_says_so(page: Any) -> None:
    search(page, "wrong")
    assert visible(page) == ["wrong"]
    page.execute_script("location.hash = 'claim-thm4.4/trained'")
    page.execute_async_script("requestAnimationFrame(arguments[0])")
    assert find(page, "#claim-thm4\\.4 .gaps").is_displayed()
    assert "thm4.4" in find(page, "#note").text


@pytest.mark.parametrize(
    ("order", "first"),
    [("longest", "thm4.4"), ("worst", "wrong"), ("strongest", "strong"), ("by name", "broken")],
)
def test_the_catalogue_is_sorted(page: Any, order: str, first: str) -> None:
    find(page, "#sort").send_keys(order)
    assert visible(page)[0] == first


def test_every_column_of_the_catalogue_is_seen_on_every_screen(page: Any) -> None:
    summary = find(page, "#claim-thm4\\.4 summary").text
    for said in ("thm4.4", "what thm4.4 says", "✓ holds", "95%", "trained", "5.0 s"):
        assert said in summary


def test_everything_is_unfolded_to_be_printed_and_folded_again(page: Any) -> None:
    page.execute_script("window.print = () => { window.printed = true; }")
    find(page, "#print").click()
    assert page.execute_script("return printed") is True
    assert page.execute_script("return document.querySelector('details:not([open])')") is None
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        for row in page.find_elements(By.CSS_SELECTOR, "tr.nearest, .bad pre, .bad table"):
            assert row.is_displayed()
        assert not find(page, ".filters").is_displayed()
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert page.execute_script("return document.querySelector('details[open]')") is None


A4 = {"width": 718, "height": 1043, "deviceScaleFactor": 1, "mobile": False}
"""A sheet in CSS pixels, less the margins that Chromium leaves."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_sheet_of_paper_shows_tables_in_dark_ink(page: Any, scheme: str) -> None:
    page.execute_script("unfoldAll()")
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", A4)
    prefers = [{"name": "prefers-color-scheme", "value": scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": prefers})
    page.execute_script("document.documentElement.dataset.theme = arguments[0]", scheme)
    try:
        style = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        assert page.execute_script(style, "#claim-thm4\\.4 .gaps tr", "display") == "table-row"
        assert page.execute_script(style, "body", "color") == "rgb(27, 31, 36)"
        assert page.execute_script("return document.documentElement.scrollWidth") <= A4["width"]
    finally:
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
        page.execute_script("delete document.documentElement.dataset.theme")


def test_the_graph_fits_the_page_and_is_one_stop_of_the_tab_key(page: Any) -> None:
    graph = find(page, "#graph")
    assert page.execute_script("return arguments[0].scrollWidth", graph) <= graph.size["width"]
    stops = page.find_elements(By.CSS_SELECTOR, "#graph a[tabindex='0']")
    assert len(stops) == 1
    box = "return document.querySelector('#graph svg').viewBox.baseVal.width"
    whole = page.execute_script(box)
    find(page, "#zoom-in").click()
    assert page.execute_script(box) < whole
    find(page, "#fit").click()
    assert page.execute_script(box) == whole
