"""What a notebook shows: records render as escaped tables, and name what they were made from."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import refutable
from refutable.claims import tracing
from refutable.model.setting import Setting
from refutable.records.results import Results

TOUR = Path(__file__).parents[2] / "examples" / "tour.ipynb"

CLAIMS = """
from refutable import Claim, Provenance, equal

CLAIMS = [
    Claim(id="good", title="<b>good</b>", statement="good", provenance=Provenance.DERIVED),
    Claim(id="bad", title="bad", statement="bad", provenance=Provenance.DERIVED),
]

@CLAIMS[0].leg("exact")
def good(context):
    yield equal("<i>one</i>", 1.0, 1.05, 0.1, "planted")

@CLAIMS[1].leg("exact")
def bad(context):
    yield equal("one", 1.0, 2.0, 0.1, "planted")
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    file = tmp_path_factory.mktemp("claims") / "claims_for_a_notebook.py"
    file.write_text(CLAIMS)
    found = refutable.verify(sources=[str(file)])
    assert isinstance(found, Results)
    return found


def test_results_have_a_row_per_claim_and_one_per_gap(results: Results) -> None:
    overview = results.overview().set_index("claim")
    assert list(overview["verdict"]) == ["holds", "fails"]
    assert overview.loc["good", "closeness"] == pytest.approx(0.5)
    assert len(results.frame()) == 2
    assert list(results["bad"].frame()["holds"]) == [False]
    with pytest.raises(KeyError):
        results["ugly"]


def test_html_shows_text_as_text(results: Results) -> None:
    page = results.to_html()
    assert page == results._repr_html_()
    assert "&lt;b&gt;good&lt;/b&gt;" in page
    assert "<b>good" not in page
    assert "holds 1, fails 1" in page
    assert "&lt;i&gt;one&lt;/i&gt;" in results["good"]._repr_html_()


def test_one_word_selects_as_a_list_of_one_does() -> None:
    found = refutable.verify("data.gap-range")
    assert [claim.id for claim in found.claims] == ["data.gap-range"]
    assert found.run.select == ("data.gap-range",)


def test_a_trace_is_a_table_of_events_and_a_frame_over_time() -> None:
    trace = tracing.trace(Setting(P=10**25, kappa_c=0.9, kappa_s=0.3), "mae", "local")
    frame = trace.frame()
    assert frame["log_t"].is_monotonic_increasing
    assert frame["own_attention"].iloc[-1] > 0.9
    events = trace.events().set_index("event")
    assert list(events.index) == ["switch", "half", "done"]
    assert events["log_t"]["switch"] == pytest.approx(events["log_t_predicted"]["switch"], abs=0.01)
    assert "P = 1e25" in trace._repr_html_()


def test_the_verbs_are_functions_of_the_package() -> None:
    for verb in ("audit", "verify"):
        assert getattr(refutable, verb).__name__ == verb
        assert not Path(refutable.__file__).with_name(verb).exists()  # would hide the function
        assert not Path(refutable.__file__).with_name(f"{verb}.py").exists()


def test_the_tour_is_committed_without_outputs() -> None:
    for cell in nbformat.read(TOUR, as_version=4).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@pytest.mark.filterwarnings("ignore")  # of the kernel's machinery
def test_the_tour_runs() -> None:
    """Every cell, in the minute that a reader is ready to wait; an error in a cell raises."""
    notebook = nbformat.read(TOUR, as_version=4)
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in shown) == 5
    printed = "".join(output.get("text", "") for output in shown)
    assert "2 of 2 planted mistakes killed." in printed
    assert "breaks: holds to" in printed
