"""Releases on a real catalogue and its MLflow mirror: the better one serves, the worse one is refused."""

from __future__ import annotations

import ast
import math
import os
import re
import shutil
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import penstock
from penstock.app.compare_models import compare_models
from penstock.app.models import bundle_folder, load_model, loaders, open_bundle
from penstock.app.pipelines import Trainer
from penstock.app.promote import (
    PromoteOptions,
    RollbackOptions,
    moment_of,
    move_history,
    promote,
    rollback,
)
from penstock.app.promotion_gates import PROMOTION, training_run
from penstock.app.session import Session
from penstock.app.tracking import tracked as tracked_by
from penstock.domain.errors import ExitCode, GateError, StorageError, UnknownNameError, UsageError
from penstock.evaluation.splits import up_to
from penstock.forecasting.forecaster import ForecastModel
from penstock.release.mirror import RELEASE_TAG
from penstock.release.registry import (
    AliasRequest,
    ReleaseRequest,
    aliases,
    history,
    register,
    resolve,
    set_alias,
)
from penstock.storage.datasets import dataset, read_pinned
from penstock.systems.shared.rematch import AS_IT_SERVES, AS_JUDGED, FITTED_AGAIN, Champion, Kept, rematch
from penstock.tracking.backend import QUIET_ENVIRONMENT, open_backend
from penstock.tracking.settings import TrackingSettings

SMALL = (
    "target=load",
    "time=stamp",
    "series=id",
    "name=power",
    "horizon=6",
    "threads=1",
    "search=false",
    "features.lags=[1,24]",
    "features.means=[]",
    "features.deviations=[]",
    "ladder=[moving_average]",
    "split.origins=6",
    "split.folds=1",
    "model.learning_rate=0.1",
    "checks.names=[finite]",
    "checks.examples=1",
)
WEAK, FAIR, STRONG = (f"model.n_estimators={trees}" for trees in (12, 25, 90))
HOURS = 400
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write_power(path: Path, hours: int, names: tuple[str, ...] = ("a", "b")) -> Path:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        f"{name},{(start + timedelta(hours=hour)).isoformat()},{level * (1 + 0.4 * math.sin(hour * math.tau / 24)) + hour * 37 % 11}"
        for level, name in zip((100, 300, 500), names, strict=False)
        for hour in range(hours)
    ]
    path.write_text("\n".join(["id,stamp,load", *rows]) + "\n")
    return path


def train(data: Path, *overrides: str, home: Path) -> None:
    given = {text.partition("=")[0]: text for text in (*SMALL, *overrides)}
    Trainer("panel", [f"data={data}", *given.values()], home=home).run()


@pytest.fixture(scope="module")
def quiet() -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(QUIET_ENVIRONMENT)
    os.environ.pop("PENSTOCK_TRACKING_URI", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns about its own use of SQLAlchemy while it is imported
        yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, quiet: None) -> Path:
    """Return a folder with a workspace: power@v1 is fair, @v2 strong, @v3 weak, @v4 strong on later data."""
    folder = tmp_path_factory.mktemp("power")
    write_power(folder / "power.csv", HOURS)
    write_power(folder / "later.csv", HOURS + 72)
    for data, strength, tracked in (
        ("power.csv", FAIR, True),
        ("power.csv", STRONG, True),
        ("power.csv", WEAK, False),
        ("later.csv", STRONG, False),
    ):
        if not tracked:
            os.environ["PENSTOCK_TRACKING_URI"] = "off"
        train(folder / data, strength, home=folder / "home")
    return folder


class Ticking:
    """A clock that goes on by an hour whenever it is read."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(hours=1)
        return self.now


@pytest.fixture
def tracked(folder: Path, tmp_path: Path) -> Session:
    """Return a session on a copy of the workspace, on which nothing serves yet, with its mirror."""
    home = shutil.copytree(folder / "home", tmp_path / "home")
    environ = {name: value for name, value in os.environ.items() if name != "PENSTOCK_TRACKING_URI"}
    return Session.open(home, environ={**environ, "LOGNAME": "ada"}, clock=Ticking())


@pytest.fixture
def session(tracked: Session) -> Session:
    """Return the same without a mirror."""
    return replace(tracked, environ={**tracked.environ, "PENSTOCK_TRACKING_URI": "off"})


def wish(version: int, alias: str = "champion", *, acknowledged: bool = True) -> PromoteOptions:
    return PromoteOptions(reference=f"power@v{version}", alias=alias, why="a test", acknowledged=acknowledged)


def shown_as(session: Session, alias: str) -> str:
    """Return what MLflow shows, once it was shown everything: a slow machine goes on in the background."""
    with tracked_by(session) as tracker:
        while (report := tracker.sync(240.0)).pending:
            assert not report.failed
            time.sleep(0.1)
    client = open_backend(TrackingSettings(folder=session.workspace.tracking)).client
    return str(client.get_model_version_by_alias("power", alias).tags[RELEASE_TAG])


def refusal(session: Session, options: PromoteOptions) -> str:
    """Return what a refusal says; nothing may have moved."""
    before = history(session.catalogue, "power")
    with pytest.raises(GateError) as caught:
        promote(options, session)
    assert caught.value.exit_code is ExitCode.GATE_REFUSED
    assert history(session.catalogue, "power") == before
    return str(caught.value)


def test_the_better_one_serves_the_worse_one_is_refused_and_mlflow_shows_it(tracked: Session) -> None:
    first = promote(wish(1), tracked)
    assert (first.changed, first.previous, shown_as(tracked, "champion")) == (True, None, "power@v1")

    better = promote(wish(2), tracked)
    assert (better.version, better.previous, shown_as(tracked, "champion")) == (2, 1, "power@v2")

    said = refusal(tracked, wish(1))
    assert "power@v1 cannot become 'champion': gate 'promotion' refused: " in said
    assert "probability of beating power@v2 0 against 0.9 (mape " in said
    assert shown_as(tracked, "champion") == "power@v2"

    back = rollback(RollbackOptions(model="power"), tracked)
    assert (back.version, back.previous, shown_as(tracked, "champion")) == (1, 2, "power@v1")
    assert shown_as(tracked, "candidate") == "power@v2"


def test_a_refusal_names_every_gate_with_number_and_threshold(session: Session) -> None:
    promote(wish(2), session)

    said = refusal(session, wish(3, acknowledged=False))

    assert "reports acknowledged 0 against 1 (read " in said
    assert "report.html, then say so with --acknowledge; or set promotion.automatic=true)" in said
    assert "probability of beating power@v2 0 against 0.9 (mape " in said
    assert re.search(
        r"largest harm to a slice beside power@v2 [\d.]+ against 0\.05 \(2 of 2 slices harmed", said
    )


def test_the_first_release_needs_no_champion_but_its_own_evidence(session: Session) -> None:
    found = promote(wish(3), session)

    assert [finding.name for finding in found.findings] == [
        "asserted checks pass",
        "exported model equals the native one",
        "beats the ladder",
        "reports acknowledged",
    ]
    assert (found.who, found.why, found.gate) == ("ada", "a test", PROMOTION)
    assert found.evidence["acknowledged"] is True
    assert found.evidence["run"] == resolve(session.catalogue, "power@v3").run_id
    assert found.evidence["report"] == f"runs/{found.evidence['run']}/report.html"


def test_onnx_that_nobody_compared_with_the_model_does_not_serve(session: Session) -> None:
    bundle = open_bundle(session, resolve(session.catalogue, "power@v1"))
    kept = kept_of(session, 1)
    assert kept.conversion is not None
    assert kept.conversion.parity is not None
    assert kept.conversion.parity.windows == 2 * (HOURS - 24 + 1 - 6)
    strange = kept.conversion.model_copy(update={"files": {}})
    for conversion, passed in ((kept.conversion, True), (None, False), (strange, False)):
        gate = replace(kept, conversion=conversion).own_gates(bundle)[1]
        assert (gate.gate, gate.passed) == ("exported model equals the native one", passed)


def test_a_champion_that_saw_the_windows_is_fitted_again_to_the_digit(session: Session) -> None:
    promote(wish(1), session)
    kept = kept_of(session, 2)
    panel = read_pinned(session.store, kept.dataset.pin)

    theirs, how = rematch(champion_of(session, 1), kept.split, panel)
    told = [finding.detail for finding in promote(wish(2), session).findings]

    assert how == FITTED_AGAIN
    assert any(f"power@v1 forecasts {AS_JUDGED}" in detail for detail in told)  # the same, without the work
    judged = kept_of(session, 1).predictions.select(theirs.columns)
    assert theirs.equals(judged)


def test_a_champion_that_saw_nothing_is_judged_as_it_serves(session: Session) -> None:
    kept, champion = kept_of(session, 4), champion_of(session, 1)
    panel = read_pinned(session.store, kept.dataset.pin)
    first = kept.split.final[0]

    theirs, how = rematch(champion, kept.split, panel)
    on_the_edge = replace(champion, seen_until=first + timedelta(hours=1))

    assert how == AS_IT_SERVES
    served = load_model(session, "power@v1").predict(up_to(panel, first), kept.split.horizon)
    of_first = theirs.filter(pl.col("cutoff") == first)
    assert of_first["prediction"].to_list() == served.sort("series", "step")["prediction"].to_list()
    assert rematch(on_the_edge, kept.split, panel)[1] == FITTED_AGAIN
    assert rematch(replace(champion, seen_until=None), kept.split, panel)[1] == FITTED_AGAIN


def test_older_data_lost_series_and_a_shorter_horizon_are_refused(session: Session, tmp_path: Path) -> None:
    promote(wish(4), session)
    data = write_power(tmp_path / "power.csv", HOURS, ("a",))
    train(data, STRONG, "horizon=4", home=session.workspace.root)

    said = refusal(session, wish(5))

    assert "series of power@v4 that would be lost 1 against 0 (" in said
    assert "does not forecast: b;" in said
    assert "steps ahead, beside power@v4 4 against 6" in said
    assert "hours that its data end before those of power@v4 72 against 0" in said
    assert f"power@v4 forecasts {FITTED_AGAIN}" in said


def test_every_alias_that_serves_is_gated_by_the_champion_too(session: Session) -> None:
    promote(wish(2), session)

    for alias in ("production", "staging", "anything"):
        assert "probability of beating power@v2 0 against 0.9" in refusal(session, wish(3, alias))
    assert promote(wish(2, "production"), session).changed
    with pytest.raises(UsageError, match="serves nobody; name an alias that serves, such as --to champion"):
        promote(wish(2, "candidate"), session)
    with pytest.raises(UsageError, match="cannot name an alias"):
        promote(wish(2, "latest"), session)


def test_what_a_script_registered_stays_a_candidate(session: Session) -> None:
    real = resolve(session.catalogue, "power@v2")
    fields = {name: getattr(real, name) for name in ReleaseRequest.model_fields}
    register(session.catalogue, ReleaseRequest(**{**fields, "run_id": "mine", "key": "a"}), now=NOW)
    register(session.catalogue, ReleaseRequest(**{**fields, "key": "b", "metrics": {}}), now=NOW)

    for version, run_id in ((5, "mine"), (6, real.run_id)):
        said = refusal(session, wish(version))
        assert "gate 'promotion' found 0 finished runs that made it, 1 is needed" in said
        assert f"It was registered by {run_id!r}" in said
    with pytest.raises(GateError, match="an alias that serves is moved by a gate, and none stands"):
        set_alias(
            session.catalogue,
            AliasRequest(model="power", version=3, alias="champion", who="eve", why="a back door"),
            now=NOW,
        )


def test_nothing_else_in_the_package_moves_an_alias_that_serves() -> None:
    source = Path(penstock.__file__).parent
    callers: dict[str, set[bool]] = {}
    for path in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "set_alias":
                gated = any(keyword.arg == "gates" for keyword in node.keywords)
                callers.setdefault(path.relative_to(source).as_posix(), set()).add(gated)

    assert callers == {
        "app/promote.py": {True},
        "app/script.py": {False},
        "systems/shared/packaging.py": {False},
    }


def test_a_training_repeated_under_another_policy_is_held_against_it(session: Session, folder: Path) -> None:
    first = training_run(session, resolve(session.catalogue, "power@v2"))
    train(folder / "power.csv", STRONG, "promotion.automatic=true", home=session.workspace.root)

    found = promote(wish(2, acknowledged=False), session)

    assert found.evidence["run"] != first.run_id
    assert found.evidence["policy_from"] == {"promotion.automatic": "command line"}
    assert "not asked for: promotion.automatic=true" in [finding.detail for finding in found.findings]


def test_a_champion_is_not_moved_to_where_it_stands(session: Session) -> None:
    first = promote(wish(2), session)

    again = promote(wish(2), session)

    assert (again.changed, again.moved_at) == (False, first.moved_at)
    assert len(move_history(session, "power", "champion")) == 1


def test_rollback_goes_to_what_served_before_and_never_forward(session: Session) -> None:
    for version in (3, 1, 2):
        promote(wish(version), session)

    assert rollback(RollbackOptions(model="power"), session).version == 1
    assert rollback(RollbackOptions(model="power"), session).version == 3
    with pytest.raises(UnknownNameError, match="'power' has nothing before v3 to give 'champion' back to"):
        rollback(RollbackOptions(model="power"), session)
    again = rollback(RollbackOptions(model="power", version="v2", why="it was right"), session)
    assert (again.version, again.why, again.gate) == (2, "it was right", "rollback")
    assert [(move.before, move.version) for move in move_history(session, "power", "champion")] == [
        ("v3", 2),
        ("v1", 3),
        ("v2", 1),
        ("v1", 2),
        ("v3", 1),
        ("none", 3),
    ]


def test_rollback_by_date(session: Session) -> None:
    moved = [promote(wish(version), session).moved_at for version in (3, 1, 2)]

    between = moved[0] + (moved[1] - moved[0]) / 2
    back = rollback(RollbackOptions(model="power", at=between), session)
    assert (back.version, back.why) == (3, f"rolled back to v3, which served at {between:%Y-%m-%d %H:%M} UTC")
    first = rf"stood for nothing at .* UTC; its first move was {moved[0]:%Y-%m-%d %H:%M} UTC"
    with pytest.raises(UnknownNameError, match=first):
        rollback(RollbackOptions(model="power", at=moved[0] - timedelta(seconds=1)), session)
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    assert moment_of("20260301", midnight) == moment_of("2026-03-01", midnight)
    assert moment_of("2026-03-01", midnight) == midnight + timedelta(days=1) - timedelta(microseconds=1)
    assert moment_of("2026-03-01T00:00", midnight) == midnight


def test_a_rollback_to_what_never_served_is_refused(session: Session) -> None:
    promote(wish(1), session)

    never = r"gate 'rollback' refused: times that 'champion' stood for power@v3 0 against 1"
    with pytest.raises(GateError, match=never):
        rollback(RollbackOptions(model="power", version="v3"), session)
    with pytest.raises(UsageError, match="Both --to and --at were given"):
        rollback(RollbackOptions(model="power", version="v1", at=NOW), session)
    with pytest.raises(UnknownNameError, match="There is no model 'powr'; did you mean 'power'"):
        rollback(RollbackOptions(model="powr"), session)
    with pytest.raises(UnknownNameError, match="'power' has no alias 'chmpion'; did you mean 'champion'"):
        move_history(session, "power", "chmpion")


def test_a_changed_bundle_does_not_serve(session: Session) -> None:
    bundle = bundle_folder(session, resolve(session.catalogue, "power@v2"))
    card = bundle / "CARD.md"
    card.chmod(0o644)
    card.write_text("another")

    with pytest.raises(StorageError):
        promote(wish(2), session)
    assert "champion" not in aliases(session.catalogue, "power")


def test_two_releases_are_compared(session: Session) -> None:
    found = {(one.kind, one.name): one.values for one in compare_models(session, "power@v1", "power@v4")}

    assert found["release", "dataset"] == ("power@v1", "power@v2")
    assert found["config", "model.n_estimators"] == (25, 90)
    assert ("metric", "model.mape") in found
    assert compare_models(session, "power@v1", "power@1") == []


def kept_of(session: Session, version: int) -> Kept:
    return Kept.of(training_run(session, resolve(session.catalogue, f"power@v{version}")), session.store)


def champion_of(session: Session, version: int) -> Champion:
    release = resolve(session.catalogue, f"power@v{version}")
    model = open_bundle(session, release).predictor(loaders())
    assert isinstance(model, ForecastModel)
    last = dataset(session.catalogue, str(release.dataset)).facts.last
    return Champion(name=release.name, model=model, horizon=6, seen_until=last)
