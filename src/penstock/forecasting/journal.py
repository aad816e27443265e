"""The trials of a study on disk: Optuna's journal, one line for each finished trial.

A trial enters the journal once, whole, when it has ended; so a kill at any moment loses at most the trials that were
running, and those are drawn again with the same numbers and parameters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import StorageError
from penstock.evaluation.metrics import Metric
from penstock.forecasting.pruning import FoldWeights
from penstock.forecasting.space import Space, distributions
from penstock.forecasting.study import TrialRecord, TrialState
from penstock.storage.locks import FileLock

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

JOURNAL_FILE = "trials.journal"


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What is searched, the metric whose direction tells which of two scores is better, and how folds count."""

    space: Space
    metric: Metric
    weights: FoldWeights


class TrialJournal:
    """The finished trials of one study.

    Parameters
    ----------
    folder
        Where the journal file stands; created if absent. Several studies may share it.
    name
        Name of the study: the same name continues it.
    scoring
        What is searched, and how trials compare.
    """

    def __init__(self, folder: Path, name: str, scoring: Scoring) -> None:
        self._scoring = scoring
        folder.mkdir(parents=True, exist_ok=True)
        self._distributions = distributions(scoring.space)
        self._file = folder / JOURNAL_FILE
        self._study = _open(self._file, name)
        facts = self._file.stat()
        self._number, self._size = facts.st_ino, facts.st_size

    def records(self) -> list[TrialRecord]:
        """Return the finished trials, each number once, in the order of numbers.

        Raises
        ------
        StorageError
            The journal was deleted or replaced since it was opened.
        """
        self._require_same_file()
        found = {record.number: record for record in map(_record, self._study.get_trials(deepcopy=False))}
        return [found[number] for number in sorted(found)]

    def add(self, record: TrialRecord) -> None:
        """Write one finished trial; on return it is on disk.

        Raises
        ------
        StorageError
            The journal was deleted or replaced since it was opened.
        """
        self._require_same_file()
        self._study.add_trial(self.frozen(record))

    def _require_same_file(self) -> None:
        # Optuna would go on writing into a new file, without the study and the trials before. A new one may have got
        # the old one's number, but a journal only ever grows.
        facts = self._file.stat() if self._file.exists() else None
        if facts is None or facts.st_ino != self._number or facts.st_size < self._size:
            raise StorageError(
                f"the study in {self._file} was deleted or replaced while its trials ran, and its finished trials with "
                "it; run the same command again: it starts the study afresh. Let nothing clean up a workspace at work"
            )
        self._size = facts.st_size

    def frozen(self, record: TrialRecord) -> FrozenTrial:
        """Translate a record to Optuna's form; lower values are better there."""
        import optuna

        means = self._running_means(self.losses(record))
        return optuna.trial.create_trial(
            state=_states()[record.state],
            params=dict(record.params),
            distributions=self._distributions,
            value=None if record.score is None else self._scoring.metric.badness(record.score),
            intermediate_values=dict(enumerate(means)),
            user_attrs={"record": record.model_dump(mode="json")},
        )

    def losses(self, record: TrialRecord) -> list[float]:
        """Return the fold scores as losses (lower is better) in the order in which folds are scored, the last first."""
        scored = [score for score in reversed(record.fold_scores) if score is not None]
        return [self._scoring.metric.badness(score) for score in scored]

    def _running_means(self, losses: Sequence[float]) -> list[float]:
        return [self._scoring.weights.mean(losses[:count]) for count in range(1, len(losses) + 1)]

    def importances(self, records: Sequence[TrialRecord]) -> dict[str, float]:
        """Return how much each parameter decided the score (PED-ANOVA); empty with fewer than four full trials."""
        import optuna

        if sum(record.state == "complete" for record in records) < 4:  # noqa: PLR2004 - see above
            return {}
        study = optuna.create_study(direction="minimize")
        study.add_trials([self.frozen(record) for record in records])
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
        return {name: float(value) for name, value in found.items()}


def study_name(identity: object) -> str:
    """Name a study by everything that decides its trials, so that a changed search starts afresh."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class _Lock:
    """Optuna's lock on the journal, held by the operating system so that a killed holder leaves none behind."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(path)

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def _open(file: Path, name: str) -> optuna.Study:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lock: Any = _Lock(file.with_suffix(".lock"))
    lock.acquire()
    try:
        _cut_torn_line(file)
    finally:
        lock.release()
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(file), lock_obj=lock))
    return optuna.create_study(study_name=name, storage=storage, direction="minimize", load_if_exists=True)


def _cut_torn_line(file: Path) -> None:
    """Remove a last line that a kill cut short, so that the next one starts on its own."""
    if not file.exists():
        return
    body = file.read_bytes()
    whole = body[: body.rfind(b"\n") + 1]
    if len(whole) < len(body):
        with file.open("r+b") as handle:
            handle.truncate(len(whole))


def _record(trial: FrozenTrial) -> TrialRecord:
    return TrialRecord.model_validate(trial.user_attrs["record"])


def _states() -> dict[TrialState, Any]:
    from optuna.trial import TrialState as State

    return {"complete": State.COMPLETE, "pruned": State.PRUNED, "failed": State.FAIL}
