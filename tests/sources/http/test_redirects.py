from __future__ import annotations

import pytest

from penstock.domain.errors import ServiceError
from penstock.sources.http.exchange import Answer
from penstock.sources.http.redirects import is_redirect, same_host, target

HERE = "https://api.example/v1/rows?a=1"


def to(location: str, status: int = 301) -> Answer:
    return Answer(status, b"", {"location": location})


@pytest.mark.parametrize(
    ("location", "new"),
    [
        ("/v2/rows?a=1", "https://api.example/v2/rows?a=1"),
        ("rows2", "https://api.example/v1/rows2"),
        ("https://api.example/v2", "https://api.example/v2"),
        ("//api.example/v2", "https://api.example/v2"),
    ],
)
def test_the_same_host_is_followed_for_good(location: str, new: str) -> None:
    assert target("S", HERE, to(location)) == new


@pytest.mark.parametrize(
    "location", ["https://other.example/x", "https://api.example:444/x", "//other.example"]
)
def test_another_host_is_followed_for_a_while_only(location: str) -> None:
    assert target("S", HERE, to(location, 307)).startswith("https:")
    with pytest.raises(ServiceError, match="moved for good"):
        target("S", HERE, to(location, 308))


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://api.example/x", "which is not safe"),
        ("file:///etc/passwd", "which is not safe"),
        ("", "without saying where to go"),
        ("https://[::1/x", "leads to no address"),
        ("https://api.example:port/x", "leads to no address"),
    ],
)
@pytest.mark.parametrize("status", [301, 302])
def test_what_is_never_followed(location: str, message: str, status: int) -> None:
    with pytest.raises(ServiceError, match=message):
        target("S", HERE, to(location, status))


def test_what_is_no_redirect() -> None:
    assert [status for status in range(300, 310) if is_redirect(Answer(status))] == [301, 302, 303, 307, 308]


def test_a_step_to_https_stays_on_the_host_and_one_to_another_port_does_not() -> None:
    assert same_host("http://api.example/a", "https://api.example/b")
    assert not same_host("http://api.example/a", "https://other.example/a")
    assert not same_host("http://api.example:80/a", "https://api.example:8443/b")
    assert not same_host("https://api.example/a", "http://api.example/b")
