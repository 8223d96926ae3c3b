"""Fixtures for all tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from refutable.claim import Claim, Context, Kind, LegFunction, Provenance
from refutable.judgement import examine
from refutable.records.results import LegRecord


@pytest.fixture
def examined() -> Callable[..., LegRecord]:
    """Runs a function as the leg of a claim and judges it: `examined(run, kind, **options)`."""

    def judged(run: LegFunction, kind: str = "exact", seed: int = 1, **options: Any) -> LegRecord:
        claim = Claim(id="a.claim", title="t", statement="s", provenance=Provenance.DERIVED)
        claim.leg(kind, **options)(run)
        return examine(claim.legs[Kind(kind)], Context("quick", 0, seed))

    return judged


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small matrices take longer with two threads, and far longer on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium without a screen, driven by selenium; a test that asks for it skips without them."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield found
    found.quit()
