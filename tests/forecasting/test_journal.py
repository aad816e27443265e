from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.domain.errors import StorageError
from penstock.evaluation.metrics import get_metric
from penstock.forecasting.journal import JOURNAL_FILE, Scoring, TrialJournal, study_name
from penstock.forecasting.pruning import FoldWeights
from penstock.forecasting.space import Dimension
from penstock.forecasting.study import TrialRecord

if TYPE_CHECKING:
    from pathlib import Path

SCORING = Scoring(
    space={"num_leaves": Dimension(low=2, high=64), "objective": Dimension(choices=("l1", "l2"))},
    metric=get_metric("mape"),
    weights=FoldWeights(weights=(9.0, 4.0, 1.0)),
)


def record(number: int, *scores: float | None) -> TrialRecord:
    full = None not in scores
    return TrialRecord(
        number=number,
        params={"num_leaves": 2 + number, "objective": "l1" if number % 2 else "l2"},
        state="complete" if full else "pruned",
        fold_scores=scores,
        score=0.5 + number if full else None,
        seconds=1.5,
    )


def test_records_come_back_in_the_order_of_numbers(tmp_path: Path) -> None:
    written = [record(1, 0.1, 0.2, 0.3), record(0, None, None, 0.4)]
    journal = TrialJournal(tmp_path, "study", SCORING)
    for each in written:
        journal.add(each)
    assert journal.records() == TrialJournal(tmp_path, "study", SCORING).records() == [written[1], written[0]]
    assert TrialJournal(tmp_path, "other", SCORING).records() == []


def test_optuna_opens_a_study_as_it_is(tmp_path: Path) -> None:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    TrialJournal(tmp_path, "study", SCORING).add(record(1, 0.1, 0.2, 0.3))
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(tmp_path / JOURNAL_FILE)))
    opened = optuna.load_study(study_name="study", storage=storage)
    assert opened.best_params == {"num_leaves": 3, "objective": "l1"}
    assert opened.best_value == 1.5


def test_a_study_that_is_deleted_while_trials_run_is_told(tmp_path: Path) -> None:
    journal = TrialJournal(tmp_path, "study", SCORING)
    journal.add(record(0, 0.1, 0.2, 0.3))
    (tmp_path / JOURNAL_FILE).unlink()
    with pytest.raises(StorageError, match="was deleted or replaced while its trials ran"):
        journal.add(record(1, 0.1, 0.2, 0.3))
    (tmp_path / JOURNAL_FILE).write_bytes(b"")
    with pytest.raises(StorageError, match="run the same command again: it starts the study afresh"):
        journal.records()


def test_a_torn_line_is_cut(tmp_path: Path) -> None:
    journal = TrialJournal(tmp_path, "study", SCORING)
    journal.add(record(0, 0.1, 0.2, 0.3))
    with (tmp_path / JOURNAL_FILE).open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    again = TrialJournal(tmp_path, "study", SCORING)
    again.add(record(1, 0.1, 0.2, 0.3))
    assert [each.number for each in TrialJournal(tmp_path, "study", SCORING).records()] == [0, 1]


def test_optuna_reads_what_was_tried(tmp_path: Path) -> None:
    frozen = TrialJournal(tmp_path, "study", SCORING).frozen(record(3, 0.3, 0.2, 0.1))
    assert frozen.params == {"num_leaves": 5, "objective": "l1"}
    assert frozen.value == 3.5
    assert frozen.intermediate_values == pytest.approx({0: 0.1, 1: 1.7 / 13, 2: 2.0 / 14})


def test_losses_follow_the_order_of_scoring(tmp_path: Path) -> None:
    journal = TrialJournal(tmp_path, "study", SCORING)
    assert journal.losses(record(0, None, 0.2, 0.1)) == [0.1, 0.2]


def test_importances_need_enough_trials(tmp_path: Path) -> None:
    journal = TrialJournal(tmp_path, "study", SCORING)
    few = [record(number, 0.1, 0.1, 0.1) for number in range(3)]
    assert journal.importances(few) == {}
    many = [record(number, 0.1, 0.1, 0.1) for number in range(12)]
    assert set(journal.importances(many)) == {"num_leaves", "objective"}


def test_a_name_tells_searches_apart() -> None:
    assert study_name({"a": 1}) == study_name({"a": 1})
    assert study_name({"a": 1}) != study_name({"a": 2})
