"""Pictures that a reader can look into: what stands under the pointer is said, and they zoom."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest
from markupsafe import Markup
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By

from refutable.auditing.answers import PhaseMap, Trained
from refutable.auditing.atlas import Atlas, AtlasTotals
from refutable.records.results import Run
from refutable.reports import html, phase_figure, sweep

X, Y = (0.5, 0.6, 0.9), (1.0, 10.0, 1000.0)
VALUES = ((1.0, 2.0, 3.0), (4.0, None, 6.0), (7.0, 8.0, 9.5))
MAP = PhaseMap(
    name="map", claim="thm", title="a map of three by three", x_label="κ_c", y_label="K",
    value_label="log t", x=X, y=Y, values=VALUES, boundary=((0.5, 1.0), (0.9, 1000.0)),
    boundary_label="theory", trained=(Trained(x=0.6, y=10.0, holds=False),),
    trained_label="trained", logarithmic=("y",),
)  # fmt: skip
EVENT = {"log_t": 2.0, "phi_global": -1.0, "phi_own": 3.0}
RECORD = {
    "setting": {
        "objective": "mae", "query": "local", "P": 10**20, "log10_P": 20.0, "gap": 0.5,
        "kappa_c": 0.9, "kappa_s": 0.3, "clusters": 1, "gamma": 0.5,
    },
    "engine": "reduced",
    "events": {"switch": None, "half": EVENT | {"predicted": {}}, "done": None},
    "max_abs": dict.fromkeys(("phi_other", "upsilon_own", "upsilon_global", "upsilon_other"), 0.0),
    "final": EVENT | {"own_attention": 0.5, "loss_gap": 0.1},
    "seconds": 0.0,
    "remarks": ("K is below K_c",),
}  # fmt: skip
SERIES = {
    "log_t": [0.0, 1.0, 2.0, 4.0],
    "phi_global": [0.0, -0.5, -1.0, -1.25],
    "phi_own": [0.0, 0.5, 3.0, 3.5],
    "phi_other": [0.0, 1e-8, 1e-6, 1e-5],
    "upsilon_own": [0.0] * 4,
    "upsilon_global": [0.0] * 4,
    "upsilon_other": [0.0] * 4,
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of the page of an audit, of a trace, and of one over a parameter."""
    folder = tmp_path_factory.mktemp("pages")
    atlas = Atlas(
        run=Run(
            id="0", started="2026-01-01T00:00:00+00:00", seconds=1.0, seed=0, profile="quick",
            command="claims audit", environment={},
        ),
        dials=(), pairs=(), totals=AtlasTotals(pairs=0, trials=0, verdicts={}),
    )  # fmt: skip
    records = [RECORD | {"setting": RECORD["setting"] | {"kappa_s": s}} for s in (0.1, 0.2)]
    found = {
        "map": html.audit(atlas, folder, maps=(MAP,)),
        "trace": html.traced([RECORD], [], SERIES),
        "sweep": html.traced(records, ["kappa_s"], sweep.frame(records, ["kappa_s"])),
    }
    for name, page in found.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in found}


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def browser(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    screen = {
        "width": request.param, "height": 900, "deviceScaleFactor": 1, "mobile": False,
    }  # fmt: skip
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    chromium.get_log("browser")
    yield chromium
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert chromium.get_log("browser") == []


def picture(browser: Any) -> Any:
    return browser.find_element(By.CSS_SELECTOR, "svg.picture")


def point(browser: Any, across: float, down: float, number: int = 0) -> list[str]:
    """The lines said when the pointer is at this share of a panel, from its upper left."""
    svg = picture(browser)
    panel = json.loads(svg.get_dom_attribute("data-panels"))[number]
    left, top, width, height = panel["box"]
    x, y = browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center'});"
        "const p = new DOMPoint(arguments[1], arguments[2])"
        "  .matrixTransform(arguments[0].getScreenCTM());"
        "return [Math.round(p.x), Math.round(p.y)]",
        svg, left + across * width, top + down * height,
    )  # fmt: skip
    mouse = ActionChains(browser, duration=0)
    mouse.w3c_actions.pointer_action.move_to_location(x, y)
    mouse.perform()
    tip = browser.find_element(By.ID, "tip")
    return str(tip.text).splitlines() if tip.is_displayed() else []


def test_a_map_says_the_value_under_the_pointer(browser: Any, pages: dict[str, str]) -> None:
    browser.get(pages["map"])
    assert point(browser, 0.1, 0.95) == ["κ_c: 0.5", "K: 1", "log t: 1"]
    assert point(browser, 0.9, 0.05) == ["κ_c: 0.9", "K: 1000", "log t: 9.5"]


def test_a_point_on_a_map_is_said_with_what_came_of_it(browser: Any, pages: dict[str, str]) -> None:
    browser.get(pages["map"])
    [panel] = json.loads(picture(browser).get_dom_attribute("data-panels"))
    (_, _, low, high), (_, log, bottom, top) = panel["x"], panel["y"]
    assert log is True
    across = (0.6 - low) / (high - low)
    down = 1 - (1 - math.log10(bottom)) / (math.log10(top) - math.log10(bottom))
    said = point(browser, across, down)
    assert said == ["κ_c: 0.6", "K: 10", "log t: none", "trained: does not: 0.6, 10"]


def test_a_trace_says_every_curve_at_the_nearest_time(browser: Any, pages: dict[str, str]) -> None:
    browser.get(pages["trace"])
    said = point(browser, 0.97, 0.5)
    assert said == ["log t: 4", "Φ own: 3.5", "Φ global: -1.25"]
    assert point(browser, 0.97, 0.5, 2) == ["log t: 4", "|Φ| of other areas: 1.000e-5"]
    assert "Remark: K is below K_c." in browser.find_element(By.TAG_NAME, "main").text


def test_traces_over_a_parameter_say_the_time_of_each_event(
    browser: Any, pages: dict[str, str]
) -> None:
    browser.get(pages["sweep"])
    assert point(browser, 0.99, 0.3) == ["κ_s: 0.2", "T½: 2"]


def test_a_picture_zooms_and_still_knows_where_the_pointer_is(
    browser: Any, pages: dict[str, str]
) -> None:
    browser.get(pages["map"])
    box = "const b = arguments[0].viewBox.baseVal; return [b.x, b.y, b.width, b.height]"
    whole = browser.execute_script(box, picture(browser))
    before = point(browser, 0.5, 0.2)
    nearer, farther, fit = browser.find_elements(By.CSS_SELECTOR, "figure > .tools button")
    nearer.click()
    assert browser.execute_script(box, picture(browser))[2] < 0.8 * whole[2]
    assert before == point(browser, 0.5, 0.2) == ["κ_c: 0.6", "K: 1000", "log t: 8"]
    farther.click()
    fit.click()
    assert browser.execute_script(box, picture(browser)) == whole


def test_leaving_a_picture_takes_the_values_away(browser: Any, pages: dict[str, str]) -> None:
    browser.get(pages["trace"])
    assert point(browser, 0.5, 0.5)
    ActionChains(browser).move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()
    assert not browser.find_element(By.ID, "tip").is_displayed()


FORCED = [{"name": "forced-colors", "value": "active"}]


def test_a_picture_stays_readable_in_forced_colours(browser: Any, pages: dict[str, str]) -> None:
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": FORCED})
    browser.get(pages["map"])
    assert browser.execute_script("return matchMedia('(forced-colors: active)').matches")
    ground = "return getComputedStyle(arguments[0]).backgroundColor"
    assert browser.execute_script(ground, picture(browser)) == "rgb(255, 255, 255)"


def test_every_trained_model_lies_within_its_map() -> None:
    beyond = MAP.model_copy(update={"trained": (Trained(x=1.2, y=5000.0, holds=True),)})
    shown = re.search(r'data-panels="([^"]*)"', phase_figure.picture(beyond))
    assert shown is not None
    [panel] = json.loads(Markup(shown[1]).unescape())
    assert panel["x"][3] > 1.2
    assert panel["y"][3] > 5000


def test_a_page_is_printed_with_its_pictures_and_without_its_buttons(
    browser: Any, pages: dict[str, str]
) -> None:
    browser.get(pages["map"])
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": False})
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert picture(browser).is_displayed()
        assert not browser.find_element(By.CSS_SELECTOR, "figure > .tools").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
