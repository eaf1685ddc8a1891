"""The gateway's rules, without any input or output."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import domain
from gateway.domain import safe_return_path


@pytest.mark.parametrize(
    "path", ["/", "/behandelen", "/behandelen?status=a&q=b%2Fc", "/behandelen/M-1#notities", "/kaart"]
)
def test_a_path_on_this_site_is_where_the_visitor_goes(path):
    assert safe_return_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        None,
        "behandelen",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/a\\..\\b",
        "/\t/evil.example",
        "/\n/evil.example",
        " /behandelen",
        "/ /evil.example",
        "/a b",
        "/\x7f/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "/inloggen",
        "/inloggen/terug?code=1",
        "/uitloggen",
        "/api/intake/v1/reports",
        "/v1/users",
        "/" + "a" * 1000,
    ],
)
def test_anything_else_leads_to_the_work_list(path):
    assert safe_return_path(path) == "/behandelen"


@given(st.text(max_size=60))
def test_whatever_somebody_asks_for_the_answer_is_a_path_on_this_site(text):
    found = safe_return_path(text)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert not any(character in found for character in "\\\t\r\n ")


def test_a_municipality_that_had_an_administrator_keeps_one():
    domain.require_administrators({"GM0106"}, {"GM0106", "GM0114"})
    domain.require_administrators(set(), set())
    with pytest.raises(domain.LastAdministratorError):
        domain.require_administrators({"GM0106", "GM0114"}, {"GM0114"})


def test_a_program_gets_what_it_asks_for_and_never_more_than_it_has():
    assert domain.granted("", ["b:x", "a:x"]) == ("a:x", "b:x")
    assert domain.granted("b:x  b:x", ["b:x", "a:x"]) == ("b:x",)
    with pytest.raises(domain.ScopeRefusedError):
        domain.granted("a:x c:x", ["a:x"])


def test_every_permission_says_in_two_languages_what_it_means():
    for code, (dutch, english) in domain.PERMISSIONS.items():
        assert code.count(":") == 1
        assert dutch
        assert english
