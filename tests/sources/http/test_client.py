from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import timedelta

import pytest

from penstock.domain.errors import ConfigError, ServiceError
from penstock.sources.http.access import Access
from penstock.sources.http.client import HttpClient
from penstock.sources.http.exchange import Answer, Request
from penstock.sources.http.service import Credential, HttpPolicy, Service, is_loopback
from penstock.sources.http.transport import proxy_for
from penstock.sources.tapes.answers import Recorded
from penstock.sources.tapes.player import TapePlayer
from penstock.sources.tapes.tape import Tape, TapeLabel
from penstock.testing.sources import FakeTime

ASKED = Request.of("rows", {"b": "2", "a": "é 1"})
SECRET = "s3cret-key"  # pragma: allowlist secret


def tape(*answers: Answer) -> Tape:
    label = TapeLabel(name="made", base_url="https://api.example", recorded_at=FakeTime().now)
    return Tape(label=label, answers=[Recorded(ASKED, answer) for answer in answers])


def player(*answers: Answer) -> TapePlayer:
    return TapePlayer(tape(*answers))


def client(url: str, time: FakeTime, environ: Mapping[str, str] | None = None, **policy: float) -> HttpClient:
    service = Service(
        name="The service",
        base_url=url,
        policy=HttpPolicy.model_validate(policy),
        credential=Credential(variable="SERVICE_KEY"),
    )
    return HttpClient(
        service=service, access=Access(clock=time.clock, sleep=time.sleep, environ=environ or {})
    )


def get(played: TapePlayer, time: FakeTime | None = None, **policy: float) -> Answer:
    with played:
        return client(played.url, time or FakeTime(), {"SERVICE_KEY": SECRET}, **policy).get(
            ASKED, dataset="load"
        )


def test_an_answer_comes_whole_with_its_headers() -> None:
    answer = get(player(Answer(200, b"[1]", {"content-type": "application/json"})))
    assert (answer.status, answer.body, answer.is_json) == (200, b"[1]", True)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(400, b'{"message": "no field\\n x"}'), "refuses the request: 400 for 'load': no field x"),
        (Answer(401, b""), "without permission .* Set the environment variable SERVICE_KEY"),
        (Answer(404, b"<h1>Not  there</h1>"), "404 for 'load': Not there"),
        (Answer(410, b'{"unknown": 1}'), "no data set 'load'"),
        (Answer(418, b"tea" * 200), "answered 418 for 'load': (tea){66}te…, which"),
        (Answer(301, b""), "301 without saying where"),
        (
            Answer(302, b"", {"location": "ftp://files.example/x"}),
            "redirects to ftp://files.example/x, which is not safe",
        ),
        (
            Answer(308, b"", {"location": "https://new.example/rows?key=x"}),
            "for good .* https://new.example/rows. If",
        ),
        (Answer(302, b"", {"location": "/rows?a=%C3%A9+1&b=2"}), "in circles"),
    ],
    ids=lambda item: str(item.status) if isinstance(item, Answer) else "",
)
def test_what_asking_again_would_not_change_is_asked_once_and_told(answer: Answer, message: str) -> None:
    time = FakeTime()
    with pytest.raises(ServiceError, match=message) as caught:
        get(player(answer), time)
    assert time.slept == []
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again_with_growing_pauses(status: int) -> None:
    time = FakeTime()
    answer = get(player(*[Answer(status)] * 3, Answer(200, b"x")), time, longest_pause_s=3)
    assert answer.body == b"x"
    assert time.slept == [1.0, 2.0, 3.0]


def test_the_key_goes_to_the_service_and_not_where_it_redirects_for_a_while() -> None:
    class Listening(TapePlayer):
        def start(self) -> Listening:
            super().start()
            assert self._server is not None
            handler = self._server.RequestHandlerClass

            class Noting(handler):  # type: ignore[misc, valid-type]  # the class of a running server
                def do_GET(self) -> None:  # noqa: N802 - the library's name
                    keys.append(self.headers.get("Authorization"))
                    super().do_GET()

            self._server.RequestHandlerClass = Noting
            return self

    keys: list[str | None] = []
    there = Listening(tape(Answer(200, b"there")))
    with there:
        moved = Answer(307, b"", {"location": f"{there.url}/rows?a=%C3%A9+1&b=2"})
        here = Listening(tape(moved))
        assert get(here).body == b"there"
    assert keys == [f"Bearer {SECRET}", None]


def test_a_host_that_is_not_there_is_asked_several_times() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers, and nobody else can
        time = FakeTime()
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(
            ServiceError, match=r"cannot be reached or read: .* Asked 3 times; nothing was taken"
        ):
            client(url, time, attempts=3).get(ASKED, dataset="load")
    assert time.slept == [1.0, 2.0]


def test_an_answer_that_is_too_large_is_not_kept() -> None:
    with pytest.raises(ServiceError, match=r"more than 0\.5 MB"):
        get(player(Answer(200, b"x" * 600_000)), max_answer_mb=0.5)


def test_an_answer_that_never_ends_is_given_up() -> None:
    class Late(FakeTime):
        def clock(self) -> object:  # type: ignore[override]  # each look at the clock takes a minute
            self.now += timedelta(minutes=1)
            return self.now

    with pytest.raises(ServiceError, match="still answering after 30 s"):
        get(player(Answer(200, b"x")), Late(), answer_timeout_s=30, attempts=1)


@pytest.mark.parametrize(
    "url",
    [
        *("api.example", "ftp://api.example", "https://", "https://a b", "http://api.example:99999"),
        *("http://[::1", "http://api.example/\n", "http://api.example:0"),
    ],
)
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is no web address"):
        client(url, FakeTime())


def test_a_password_in_the_base_url_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="holds a user or password") as caught:
        client(f"https://anna:{SECRET}@api.example", FakeTime())
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("sign", ["\n.", "é", "\x00"])
def test_a_key_that_cannot_be_sent_is_not_shown(sign: str) -> None:
    with (
        player(Answer(200)) as played,
        pytest.raises(ConfigError, match="value of SERVICE_KEY cannot be sent") as caught,
    ):
        client(played.url, FakeTime(), {"SERVICE_KEY": f"{SECRET}{sign}"}).get(ASKED, dataset="load")
    assert SECRET not in str(caught.value)
    assert played.requests == []


def test_a_proxy_that_is_none_is_told_without_its_password() -> None:
    proxy = {"https_proxy": f"nowhere://anna:{SECRET}@proxy.example"}
    with pytest.raises(ConfigError, match="proxy for https addresses is no web address") as caught:
        client("https://api.example", FakeTime(), proxy).get(ASKED, dataset="load")
    assert SECRET not in str(caught.value)


def test_certificates_that_are_not_there_are_told() -> None:
    environ = {"SSL_CERT_FILE": "/nowhere/certificates.pem"}
    with pytest.raises(
        ConfigError, match=r"SSL_CERT_FILE='/nowhere/certificates\.pem' holds no certificates"
    ):
        client("https://api.example", FakeTime(), environ).get(ASKED, dataset="load")


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://api.example/x", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://api.example/x", {"https_proxy": "http://p:1", "NO_PROXY": "example"}, None),
        ("https://api.example/x", {"https_proxy": "http://p:1", "no_proxy": " .api.example ,b"}, None),
        ("https://api.example/x", {"https_proxy": "http://p:1", "no_proxy": "pi.example"}, "http://p:1"),
        ("https://api.example/x", {"https_proxy": "http://p:1", "no_proxy": "*"}, None),
        ("http://api.example/x", {"https_proxy": "http://p:1"}, None),
        ("http://127.0.0.1:1/x", {"http_proxy": "http://p:1"}, None),
    ],
)
def test_proxies_come_from_the_given_environment(
    url: str, environ: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(url, environ) == proxy


def test_only_this_machine_is_asked_without_the_published_pause() -> None:
    urls = ("http://127.0.0.1:8000", "http://localhost", "http://[::1]:80", "https://api.example")
    assert [is_loopback(url) for url in urls] == [True, True, True, False]
    paces = [Service(name="s", base_url=url, published_interval_s=60.0).interval_s for url in urls]
    assert paces == [0.0, 0.0, 0.0, 60.0]
