"""What `python -m benchmarks` says of itself."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as benchmarks


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of a call that measures nothing."""
    monkeypatch.setattr("sys.argv", ["benchmarks", *words])
    with pytest.raises(SystemExit) as left:
        benchmarks.main()
    return int(left.value.code or 0)


def test_help_lists_each_benchmark_with_what_it_measures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, "--help") == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    for name, (_, measured) in benchmarks.PARTS.items():
        assert [name, measured] in lines


@pytest.mark.parametrize("words", [["nonsense"], ["descent", "nonsense"], ["--nonsense"]])
def test_what_is_no_benchmark_is_refused_before_any_runs(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(monkeypatch, *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "nonsense" in err
    if words[-1] == "nonsense":
        assert f"allowed: {', '.join(benchmarks.PARTS)}" in err
