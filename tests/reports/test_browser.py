"""report.html in Chromium: filters, the graph and keys work, text stays text, nothing is fetched.

The page is opened from disk, as its readers do. Without Chromium and its driver the tests skip.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from refutable.claim import Kind, Provenance, Verdict
from refutable.gap import Relation
from refutable.records.results import ClaimRecord, GapRecord, LegRecord, Results, Run, Totals
from refutable.reports import html

ATTACK = (
    "</script></title></pre></textarea>\"'><script>window.pwned = 1</script>"
    '<img src=x onerror="window.pwned = 1"><svg onload="window.pwned = 1">'
    '<a href="javascript:window.pwned = 1" id=bait>x</a>{{ 7 * 7 }}'
)
HOSTILE_ID = f"id {ATTACK}"
LONG = "unbroken" * 40

JS_CONTRAST = """
const parse = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const ground = e => {
  for (; e; e = e.parentElement) {
    const found = parse(getComputedStyle(e).backgroundColor);
    if (found.length < 4 || found[3] === 1) return found;
  }
  return [255, 255, 255];
};
const weak = [];
let seen = 0;
for (const e of document.querySelectorAll("body *")) {
  const text = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  if (!text || !e.getClientRects().length || e.closest("svg")) continue;
  seen += 1;
  const pair = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => b - a);
  const ratio = (pair[0] + .05) / (pair[1] + .05);
  if (ratio < 4.5) weak.push(e.outerHTML.slice(0, 80) + " " + ratio.toFixed(2));
}
return {weak, seen, ground: light(ground(document.body))};
"""
"""Of all text that is shown: where it stands out from its ground by less than WCAG AA's 4.5 : 1."""


JS_OVERFLOW = """
return [...document.querySelectorAll("body *")].filter(e => {
  if (![...e.getClientRects()].some(r => r.right > innerWidth + 1)) return false;
  for (e = e.parentElement; e; e = e.parentElement)
    if (getComputedStyle(e).overflowX === "auto") return false;
  return true;
}).map(e => e.outerHTML.slice(0, 120));
"""
"""Whatever sticks out to the right and cannot be scrolled to."""


def claim(
    id: str,
    verdict: Verdict = Verdict.HOLDS,
    kinds: tuple[Kind, ...] = (Kind.EXACT,),
    provenance: Provenance = Provenance.DERIVED,
    rests_on: tuple[str, ...] = (),
    text: str = "plain",
) -> ClaimRecord:
    gap = GapRecord(
        name=text, measured=text, predicted=1.0, relation=Relation.EQUAL, tolerance=0.1, why=text,
        holds=verdict is Verdict.HOLDS, closeness=0.5, false_alarm=0.0,
    )  # fmt: skip
    legs = tuple(
        LegRecord(
            kind=kind, grade=kind.grade, verdict=verdict, cases=3, gaps=(gap,), note=text,
            witness={text: text}, regimes={text: 1},
        )
        for kind in kinds
    )  # fmt: skip
    return ClaimRecord(
        id=id, title=f"title of {id}", statement=rf"x \le {text}", measured=text,
        provenance=provenance, paper=text, assumptions=(text,), rests_on=rests_on, verdict=verdict,
        blocked_by=(), legs=legs, chapter=text,
    )  # fmt: skip


CLAIMS = (
    claim("base", kinds=(Kind.EXACT, Kind.SMT), provenance=Provenance.STATED),
    claim("middle", Verdict.FAILS, (Kind.PROPERTY,), rests_on=("base",)),
    claim("top", Verdict.UNDECIDED, (Kind.SMT,), rests_on=("middle",)),
    claim("beside", kinds=(Kind.SCALING,), rests_on=("base",)),
    claim("alone", Verdict.VACUOUS, text=LONG),
    claim(HOSTILE_ID, Verdict.ERROR, (Kind.TRAINED,), rests_on=("middle",), text=ATTACK),
    claim("left-out", Verdict.NOT_RUN),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    results = Results(
        run=Run(
            id="0", started="2026-01-01T00:00:00+00:00", seconds=1.0, seed=0, profile="quick",
            command=ATTACK, environment={"python": ATTACK, ATTACK: LONG},
        ),
        claims=CLAIMS,
        totals=Totals(
            claims=len(CLAIMS), legs=len(CLAIMS) + 1, cases=3, false_alarm=0.0,
            verdicts=dict.fromkeys(Verdict, 1),
        ),
        not_checked={ATTACK: ATTACK},
    )  # fmt: skip
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(html.page(results), encoding="utf-8")
    return file.as_uri()


@pytest.fixture
def browser(chromium: webdriver.Chrome, page: str) -> Iterator[webdriver.Chrome]:
    """The page, freshly loaded; whatever a test did, nothing ran, complained or was fetched."""
    for name in ("browser", "performance"):
        chromium.get_log(name)
    chromium.get("about:blank")
    chromium.get(page)
    yield chromium
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert chromium.execute_script("return window.pwned") is None
    assert chromium.get_log("browser") == []
    asked = {url.partition("#")[0] for url in requested(chromium)} - {"about:blank"}
    assert asked == {page}


def requested(browser: webdriver.Chrome) -> list[str]:
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def shown(browser: webdriver.Chrome) -> set[str]:
    found = browser.find_elements(By.CSS_SELECTOR, "details.claim")
    return {
        str(e.get_dom_attribute("id")).removeprefix("claim-") for e in found if e.is_displayed()
    }


def press(browser: webdriver.Chrome, *keys: str) -> None:
    ActionChains(browser).send_keys(*keys).perform()


def _is_node(element: Any) -> bool:
    return "node" in (element.get_dom_attribute("class") or "")


def _of_tag(name: str) -> Callable[[Any], bool]:
    return lambda element: bool(element.tag_name == name)


def tab_to(browser: webdriver.Chrome, wanted: Callable[[Any], bool]) -> Any:
    for _ in range(80):
        press(browser, Keys.TAB)
        if wanted(browser.switch_to.active_element):
            return browser.switch_to.active_element
    raise AssertionError("the tab key does not reach it")


def choose(browser: webdriver.Chrome, id: str, value: str) -> None:
    box = browser.find_element(By.ID, id)
    if box.tag_name == "select":
        box.send_keys(value or Keys.HOME)
    else:
        box.send_keys(Keys.CONTROL, "a", Keys.NULL, value or Keys.BACKSPACE)


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"verdict": "fails"}, {"middle"}),
        ({"verdict": "not-run"}, {"left-out"}),
        ({"kind": "smt"}, {"base", "top"}),
        ({"provenance": "stated"}, {"base"}),
        ({"text": "SIDE title"}, {"beside"}),
        ({"kind": "smt", "verdict": "holds"}, {"base"}),
        ({"kind": "smt", "text": "nowhere"}, set()),
        ({"text": "<script>"}, {HOSTILE_ID}),
    ],
)
def test_filters_hide_claims_and_bring_them_back(
    browser: webdriver.Chrome, filters: dict[str, str], left: set[str]
) -> None:
    everything = {claim.id for claim in CLAIMS}
    assert shown(browser) == everything
    for id, value in filters.items():
        choose(browser, id, value)
    assert shown(browser) == left
    counted = browser.find_element(By.ID, "shown").text
    assert counted == f"{len(left)} of {len(everything)}"
    for id in filters:
        choose(browser, id, "")
    assert shown(browser) == everything


NEAR = {
    "middle": {"base", "middle", "top", HOSTILE_ID},
    "beside": {"base", "beside"},
    "alone": {"alone"},
    HOSTILE_ID: {"base", "middle", HOSTILE_ID},
}


def lit(browser: webdriver.Chrome) -> set[str]:
    """Claims of the graph that are not faded."""
    return set(browser.execute_script(
        "return [...document.querySelectorAll('#graph .node')]"
        ".filter(n => getComputedStyle(n).opacity === '1')"
        ".map(n => decodeURIComponent(n.getAttribute('href')).slice('#claim-'.length))"
    ))  # fmt: skip


SETTLE = """
const [node, done] = arguments;
let left = 3;
const look = () => {
  node.scrollIntoView({block: "center"});
  left ? (left -= 1, requestAnimationFrame(look)) : done();
};
look();
"""
"""Claims are laid out when they come near the screen, which moves what is below them."""


def node(browser: webdriver.Chrome, id: str) -> Any:
    found = browser.find_elements(By.CSS_SELECTOR, "#graph .node")
    return next(n for n in found if _led_to(n) == id)


def _led_to(link: Any) -> str:
    """The claim that a link leads to."""
    return unquote(link.get_dom_attribute("href") or "").removeprefix("#claim-")


@pytest.mark.parametrize("id", NEAR, ids=["middle", "beside", "alone", "hostile"])
def test_a_claim_of_the_graph_shows_what_it_rests_on_and_what_rests_on_it(
    browser: webdriver.Chrome, id: str
) -> None:
    chosen = node(browser, id)
    browser.execute_async_script(SETTLE, chosen)
    ActionChains(browser).move_to_element(chosen).perform()
    assert lit(browser) == NEAR[id]
    assert browser.execute_script(
        "return document.querySelectorAll('#graph path.on').length"
    ) == len(NEAR[id]) - 1  # fmt: skip
    browser.find_element(By.ID, "unfocus").click()
    assert lit(browser) == {claim.id for claim in CLAIMS}


def test_a_claim_of_the_graph_opens_that_claim(browser: webdriver.Chrome) -> None:
    chosen = node(browser, "beside")
    browser.execute_async_script(SETTLE, chosen)
    chosen.click()
    assert browser.find_element(By.ID, "claim-beside").get_dom_attribute("open") is not None


def test_the_page_works_without_a_mouse(browser: webdriver.Chrome) -> None:
    press(browser, "/")
    assert browser.switch_to.active_element.get_dom_attribute("id") == "text"
    tab_to(browser, lambda e: e.get_dom_attribute("id") == "verdict")
    press(browser, "fails")
    assert shown(browser) == {"middle"}
    details = browser.find_element(By.ID, "claim-middle")
    tab_to(browser, lambda e: e.tag_name == "summary" and "middle" in e.text)
    press(browser, Keys.ENTER)
    assert details.get_dom_attribute("open") is not None
    press(browser, Keys.SPACE)
    assert details.get_dom_attribute("open") is None
    tab_to(browser, lambda e: e.tag_name == "a" and _led_to(e) == "base" and _is_node(e))
    while _led_to(browser.switch_to.active_element) != "beside":
        press(browser, Keys.ARROW_RIGHT)
    assert lit(browser) == NEAR["beside"]
    press(browser, Keys.ESCAPE)
    assert len(lit(browser)) == len(CLAIMS)


def test_what_has_the_focus_is_outlined(browser: webdriver.Chrome) -> None:
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    for wanted in ("summary", "select", "button"):
        browser.execute_script("document.activeElement.blur()")
        tab_to(browser, _of_tag(wanted))
        assert browser.execute_script(outline) == "solid"


def test_a_link_to_a_claim_opens_it(browser: webdriver.Chrome) -> None:
    browser.find_element(By.CSS_SELECTOR, "#main ~ .scroll a[href='#claim-beside']").click()
    assert browser.find_element(By.ID, "claim-beside").get_dom_attribute("open") is not None


def test_only_what_a_module_puts_first_is_called_a_main_theorem(browser: webdriver.Chrome) -> None:
    assert browser.find_element(By.ID, "main").text == "Closest to failing"
    named = browser.find_elements(By.CSS_SELECTOR, "#main + .scroll tbody a.id")
    assert [_led_to(link) for link in named] == ["base", "beside"]


def unfold(browser: webdriver.Chrome) -> None:
    browser.find_element(By.ID, "unfold").click()
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")


def test_hostile_text_is_shown_and_not_run(browser: webdriver.Chrome) -> None:
    unfold(browser)
    text = browser.execute_script("return document.body.textContent")
    assert text.count("<script>window.pwned = 1</script>") > 12
    assert "{{ 7 * 7 }}" in text
    assert not browser.find_elements(By.CSS_SELECTOR, "#bait, img, [onerror], [onload]")
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.execute_script(
        "return document.getElementById(arguments[0]).tagName", f"claim-{HOSTILE_ID}"
    ) == "DETAILS"  # fmt: skip


def test_nothing_is_cut_off_on_a_narrow_screen(browser: webdriver.Chrome) -> None:
    unfold(browser)
    screen = {"width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    assert browser.execute_script("return innerWidth") == 380
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 380
    assert browser.execute_script(JS_OVERFLOW) == []


JS_UNREACHED = """
return [...document.querySelectorAll("body *")].filter(e =>
  getComputedStyle(e).overflowX === "auto" && e.clientWidth && e.scrollWidth > e.clientWidth + 1
  && e.tabIndex < 0 && !e.querySelector("a[href], button, summary")
).map(e => e.outerHTML.slice(0, 120));
"""
"""What scrolls sideways and cannot be reached with the keyboard."""


def test_what_scrolls_is_reached_with_the_keyboard(browser: webdriver.Chrome) -> None:
    screen = {"width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    unfold(browser)
    browser.execute_async_script("setTimeout(arguments[0], 300)")
    assert browser.execute_script(JS_UNREACHED) == []


def test_nothing_is_told_by_colours_alone_where_they_are_forced(browser: webdriver.Chrome) -> None:
    forced = [{"name": "forced-colors", "value": "active"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": forced})
    assert browser.execute_script("return matchMedia('(forced-colors: active)').matches")
    unfold(browser)
    ink = browser.execute_script(
        "const d = document.createElement('div'); d.style.color = 'CanvasText';"
        "document.body.append(d); return getComputedStyle(d).color"
    )
    lines = (
        "return [...document.querySelectorAll(arguments[0])]"
        ".map(e => getComputedStyle(e)[arguments[1]])"
    )
    assert set(browser.execute_script(lines, "#graph path", "stroke")) == {ink}
    assert set(browser.execute_script(lines, "#graph .node text", "fill")) == {ink}
    marks = browser.execute_script(
        "return [...document.querySelectorAll('#graph .node text')].map(e => e.textContent[0])"
    )
    assert set(marks) == set("✓✗?∅!–")
    chosen = browser.find_element(By.CSS_SELECTOR, ".tiles button")
    border = "return getComputedStyle(arguments[0]).borderTopWidth"
    before = browser.execute_script(border, chosen)
    chosen.click()
    assert browser.execute_script(border, chosen) != before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_either_scheme(browser: webdriver.Chrome, scheme: str) -> None:
    prefers = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": prefers})
    unfold(browser)
    found = browser.execute_script(JS_CONTRAST)
    assert (found["ground"] > 0.9) if scheme == "light" else (found["ground"] < 0.05)
    assert found["seen"] > 100
    assert not found["weak"]
    browser.find_element(By.ID, "theme").click()
    assert abs(browser.execute_script(JS_CONTRAST)["ground"] - found["ground"]) > 0.8
