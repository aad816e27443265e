"""Only what is unlike its peers goes to a person: on the real catalogue, with releases made up cheaply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from penstock.app.review import Review, review
from penstock.app.runs import RUN, RUN_RESULT
from penstock.app.session import Session
from penstock.domain.errors import UnknownNameError
from penstock.domain.results import CheckResult, RunResult
from penstock.engine.records import RunRecord
from penstock.forecasting.intervals import bound_names
from penstock.release.registry import ReleaseRequest, register
from penstock.storage.artifacts import ArtifactRef
from penstock.storage.digests import digest_value

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session.open(tmp_path, environ={"PENSTOCK_TRACKING_URI": "off"})


def released(
    session: Session,
    model: str,
    error: float,
    *,
    held: float = 0.9,
    run_id: str = "run",
    level: str = "",
) -> None:
    """Register a version whose best baseline has an error of 10; ``level`` is a coverage that is held exactly."""
    digest = digest_value([model, error, held])
    held_of = (
        {level: float(level.partition("_")[2]) / 100} if level else {"coverage_50": 0.1, "coverage_90": held}
    )
    metrics = {
        "model": {"mae": error, **held_of},
        "naive": {"mae": 10.0},
        "worse": {"mae": 30.0},
    }
    ref = ArtifactRef(codec="tree", type="pathlib:Path", logical=digest, digest=digest, size_bytes=1)
    request = ReleaseRequest(
        model=model, bundle=ref, digest=digest, logical=digest, run_id=run_id, metrics=metrics
    )
    register(session.catalogue, request, now=NOW)


def many(session: Session, count: int = 12) -> None:
    for number in range(count):
        released(session, f"usual{number:02}", 6.0 + 0.1 * number, held=0.88 + 0.004 * number)


def why(found: Review) -> dict[str, list[str]]:
    return {suspect.name: [reason.signal for reason in suspect.reasons] for suspect in found.suspects}


def test_usual_models_are_not_shown_and_odd_ones_are_with_the_reason(session: Session) -> None:
    many(session)
    assert review(session) == Review(reviewed=12, suspects=())
    released(session, "bad", 9.9)
    released(session, "leaky", 1.0)
    released(session, "narrow", 6.5, held=0.6)
    found = review(session)
    assert found.reviewed == 15
    ratio = "error over the best baseline's"
    assert why(found) == {
        "bad@v1": [ratio],
        "leaky@v1": [ratio],
        "narrow@v1": ["share inside intervals, less the promise"],
    }
    details = {suspect.name: suspect.reasons[0].detail for suspect in found.suspects}
    assert "deviations above the usual 0.65" in details["bad@v1"]
    assert details["leaky@v1"].endswith("too good to be true?")
    assert found.suspects[0].name == "leaky@v1"


def test_what_became_worse_since_the_version_before_is_told(session: Session) -> None:
    many(session)
    for number in range(6):
        released(session, f"usual{number:02}", 6.01 + 0.1 * number)
    released(session, "usual00", 4.8)
    released(session, "usual00", 6.9)
    assert why(review(session)) == {"usual00@v4": ["error over that of the version before"]}


def test_few_models_are_held_against_fixed_limits(session: Session) -> None:
    released(session, "fine", 6.0)
    released(session, "lost", 11.0, held=0.75)
    found = review(session)
    assert why(found) == {
        "lost@v1": ["error over the best baseline's", "share inside intervals, less the promise"]
    }
    assert found.suspects[0].reasons[0].detail == "error over the best baseline's 1.1: no better than it"
    assert found.suspects[0].reasons[0].distance is None


def test_what_a_check_measured_is_told(session: Session) -> None:
    released(session, "fine", 6.0, run_id="run-7")
    checks = (
        CheckResult(name="small_noise", kind="measures", verdict="failed"),
        CheckResult(name="leak", kind="asserts", verdict="passed"),
    )
    result = RunResult(run_id="run-7", system="denmark", status="done", checks=checks)
    session.catalogue.add(RUN_RESULT, "run-7", result, now=NOW)
    (suspect,) = review(session).suspects
    assert suspect.reasons[0].detail == "failed: small_noise"


def test_names_are_compared_with_all_and_unknown_ones_refused(session: Session) -> None:
    many(session)
    released(session, "bad", 9.9)
    assert review(session, ["usual00"]) == Review(reviewed=1, suspects=())
    assert list(why(review(session, ["bad"]))) == ["bad@v1"]
    with pytest.raises(UnknownNameError, match=r"no model baad.*did you mean 'bad'"):
        review(session, ["baad"])


def test_a_system_whose_newest_run_failed_is_told_until_one_ends_well(session: Session) -> None:
    for number, status in enumerate(("done", "failed", "done")):
        if status == "done" and number:
            assert [suspect.name for suspect in review(session).suspects] == ["denmark"]
            said = "its newest run failed: the source is away"
            assert review(session).suspects[0].reasons[0].detail == said
        record = RunRecord.model_validate(
            {
                "run_id": f"run-{number}",
                "system": "denmark",
                "pipeline": "denmark",
                "status": status,
                "started_at": NOW,
                "finished_at": NOW,
                "error": "the source is away" if status == "failed" else None,
            }
        )
        session.catalogue.add(RUN, record.run_id, record, now=NOW + timedelta(hours=number))
    assert review(session).suspects == ()


def test_nothing_to_review(session: Session) -> None:
    assert review(session) == Review(reviewed=0, suspects=())


def test_a_level_of_many_digits_is_reviewed_as_any_other(session: Session) -> None:
    name = "coverage_" + bound_names(0.3333333)[0].removeprefix("lower_")
    released(session, "thirds", 6.0, level=name)
    assert review(session) == Review(reviewed=1, suspects=())


def ran(session: Session, hour: int, status: str, *, verb: str = "run", **config: str) -> None:
    record = RunRecord.model_validate(
        {
            "run_id": f"run-{hour}",
            "system": "panel",
            "pipeline": "panel",
            "verb": verb,
            "config": config,
            "status": status,
            "started_at": NOW,
            "finished_at": NOW,
        }
    )
    session.catalogue.add(RUN, record.run_id, record, now=NOW + timedelta(hours=hour))


def test_failed_trainings_are_told_by_model_and_hidden_by_none_of_another(session: Session) -> None:
    ran(session, 0, "failed", name="broken")
    ran(session, 1, "failed", data="/files/load.csv.gz")
    ran(session, 2, "done", name="other")
    ran(session, 3, "done", name="broken", verb="check")
    ran(session, 4, "done", name="broken", verb="cv plan")
    ran(session, 5, "failed", name="other", verb="check")
    assert [(one.name, one.run_id) for one in review(session).suspects] == [
        ("broken", "run-0"),
        ("load", "run-1"),
    ]
    ran(session, 6, "done", name="load", verb="replay")
    assert [one.name for one in review(session).suspects] == ["broken"]
