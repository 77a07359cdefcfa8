import pytest

from gensc.machine import progress


def test_short_loops_are_silent(capsys):
    assert list(progress.track(range(5), "counting", 5)) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


def test_long_loops_show_a_bar_on_stderr(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_S", -1.0)
    assert list(progress.track(iter("abc"), "counting", 3)) == ["a", "b", "c"]
    out, err = capsys.readouterr()
    assert out == "" and "counting" in err and "3/3" in err


def test_an_abandoned_loop_stops_its_bar(capsys, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE_S", -1.0)
    with pytest.raises(RuntimeError, match="enough"):
        for one in progress.track(range(9), "counting", 9):
            if one == 4:
                raise RuntimeError("enough")
    assert "9/9" not in capsys.readouterr().err
