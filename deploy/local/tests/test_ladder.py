import pytest

from meldstroom_local.ladder import RungUnavailableError, climb
from meldstroom_local.processes import NotStartedError


def unavailable():
    raise RungUnavailableError("not here")


def broken():
    raise NotStartedError("ended with code 1")


def test_the_first_rung_that_works_is_taken(monkeypatch):
    monkeypatch.delenv("SWITCH", raising=False)
    told = []
    found = climb({"docker": unavailable, "java": lambda: "broker"}, switch="SWITCH", tell=told.append)
    assert found == "broker"
    assert told == ["docker: not here"]


def test_a_rung_that_breaks_is_passed_over_like_one_that_is_missing(monkeypatch):
    monkeypatch.delenv("SWITCH", raising=False)
    assert climb({"docker": broken, "java": lambda: "broker"}, switch="SWITCH") == "broker"


def test_the_switch_allows_only_its_rung(monkeypatch):
    monkeypatch.setenv("SWITCH", "docker")
    with pytest.raises(NotStartedError, match="docker: not here"):
        climb({"docker": unavailable, "java": lambda: "broker"}, switch="SWITCH")


def test_a_misspelt_switch_is_refused_with_the_choices(monkeypatch):
    monkeypatch.setenv("SWITCH", "jawa")
    with pytest.raises(NotStartedError, match="auto, docker, java"):
        climb({"docker": unavailable, "java": unavailable}, switch="SWITCH")


def test_the_rung_that_holds_the_data_goes_first_the_next_time(monkeypatch, tmp_path):
    monkeypatch.delenv("SWITCH", raising=False)
    memory = tmp_path / "rung"
    climb({"docker": unavailable, "wheel": lambda: "wheel"}, switch="SWITCH", memory=memory)
    rungs = {"docker": lambda: "docker", "wheel": lambda: "wheel"}
    assert climb(rungs, switch="SWITCH", memory=memory) == "wheel"


def test_an_address_in_the_environment_goes_before_what_is_remembered(monkeypatch, tmp_path):
    monkeypatch.delenv("SWITCH", raising=False)
    memory = tmp_path / "rung"
    memory.write_text("wheel\n")
    rungs = {"address": lambda: "address", "wheel": lambda: "wheel"}
    assert climb(rungs, switch="SWITCH", memory=memory) == "address"
