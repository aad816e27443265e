"""The gates before every alias that serves: one for going forward, one for going back. There are no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from penstock.app.models import loaders, open_bundle
from penstock.app.runs import RUN, RUN_RESULT
from penstock.domain.errors import GateError, UnknownNameError
from penstock.domain.results import RunResult
from penstock.engine.records import RunRecord
from penstock.proving.promotion import PromotionConfig, report_gate
from penstock.release.gates import Finding, Verdict
from penstock.release.registry import AliasMove, Release, aliases, history, release_of
from penstock.storage.datasets import dataset, read_pinned

if TYPE_CHECKING:
    from penstock.app.session import Session
    from penstock.proving.gates import GateVerdict
    from penstock.systems.shared.rematch import Champion, Kept

CHAMPION = "champion"
PROMOTION = "promotion"
ROLLBACK = "rollback"
REPORT = "report.html"


@dataclass(frozen=True, kw_only=True)
class PromotionGate:
    """Lets a release serve that has proved itself, and beaten whoever serves now where anybody does."""

    session: Session
    record: RunRecord
    acknowledged: bool

    def judge(self, release: Release, alias: str, serving: Release | None) -> Verdict:  # noqa: ARG002 - the protocol
        """Ask everything, so that one answer names all that is missing.

        A release must beat the one that holds ``alias`` and, for any other alias, the champion too.

        Raises
        ------
        GateError
            The run that trained it keeps no evidence.
        ArtifactMissingError, ArtifactCorruptError, BundleError
            A bundle is gone or was changed.
        """
        from penstock.systems.shared.rematch import Kept, gates_against

        kept, policy = Kept.of(self.record, self.session.store), policy_of(self.record)
        bundle = open_bundle(self.session, release)
        report = report_of(self.session, self.record.run_id)
        gates: list[GateVerdict] = [
            *kept.own_gates(bundle),
            report_gate(
                acknowledged=self.acknowledged,
                automatic=policy.automatic,
                report=str(report) if report else None,
            ),
        ]
        opponents = self._opponents(release, serving)
        if opponents:
            panel = read_pinned(self.session.store, kept.dataset.pin)
            for opponent in opponents:
                gates.extend(gates_against(self._champion(opponent), kept, panel, policy))
        return Verdict(gate=PROMOTION, findings=tuple(_finding(gate) for gate in gates))

    def _opponents(self, release: Release, serving: Release | None) -> tuple[Release, ...]:
        """Return who must be beaten: nobody for the first release that serves."""
        standing = aliases(self.session.catalogue, release.model).get(CHAMPION)
        versions = {one for one in (serving.version if serving else None, standing) if one is not None}
        return tuple(
            release_of(self.session.catalogue, release.model, version)
            for version in sorted(versions - {release.version})
        )

    def _champion(self, release: Release) -> Champion:
        from penstock.forecasting.forecaster import ForecastModel
        from penstock.systems.shared.rematch import Champion

        bundle = open_bundle(self.session, release)
        model, horizon = bundle.predictor(loaders()), bundle.inference.parameters.get("horizon")
        if not isinstance(model, ForecastModel) or not isinstance(horizon, int):
            raise GateError(
                f"{release.name} serves a {bundle.inference.kind!r} with horizon {horizon!r}, which cannot be compared: "
                "0 against 2 windows needed. Roll back to a release that `penstock run` has trained"
            )
        facts = dataset(self.session.catalogue, release.dataset).facts if release.dataset else None
        return Champion(
            name=release.name,
            model=model,
            horizon=horizon,
            seen_until=facts.last if facts else None,
            kept=self._kept(release),
        )

    def _kept(self, release: Release) -> Kept | None:
        """Return how a release that serves was judged; without its run, its bundle is enough."""
        from penstock.systems.shared.rematch import Kept

        try:
            return Kept.of(training_run(self.session, release), self.session.store)
        except GateError:
            return None


@dataclass(frozen=True, kw_only=True)
class RollbackGate:
    """Lets a release serve again that the same alias has stood for before: then it passed every gate."""

    session: Session
    moves: Sequence[AliasMove]

    def judge(self, release: Release, alias: str, serving: Release | None) -> Verdict:  # noqa: ARG002 - the protocol
        """Ask whether the alias has stood for the release, and whether its bundle is whole."""
        open_bundle(self.session, release)
        held = [move for move in self.moves if move.alias == alias and move.version == release.version]
        since = (
            f"first {held[-1].moved_at:%Y-%m-%d %H:%M} UTC" if held else "only `models promote` can move it"
        )
        return Verdict(
            gate=ROLLBACK,
            findings=(
                Finding(
                    name=f"times that {alias!r} stood for {release.name}",
                    passed=bool(held),
                    value=float(len(held)),
                    threshold=1.0,
                    detail=since,
                ),
            ),
        )


def training_run(session: Session, release: Release) -> RunRecord:
    """Return the newest finished run that made the release or found it again, with evidence and policy.

    Newest, so that a release whose training was repeated under another policy is held against that one; the evidence is
    the same, for it makes the release.

    Raises
    ------
    GateError
        No run in the workspace has made it: it comes from a script or another workspace, or its run was killed.
    """
    for entry in session.catalogue.find(RUN_RESULT, RunResult):
        model = entry.body.model
        if model is None or (model.name, model.version) != (release.model, release.version):
            continue
        found = session.catalogue.get(RUN, entry.key, RunRecord)
        if found is not None and "release" in found.body.outputs:
            return found.body
    raise GateError(
        f"{release.name} cannot serve: gate {PROMOTION!r} found 0 finished runs that made it, 1 is needed, so there is no "
        f"evidence. It was registered by {release.run_id!r}; if that run was killed, run its command again. What a script "
        "registers stays a candidate"
    )


def policy_of(record: RunRecord) -> PromotionConfig:
    """Return what the configuration of a run asks of its release; without a word, the defaults.

    Raises
    ------
    GateError
        The recorded policy cannot be read.
    """
    try:
        return PromotionConfig.model_validate(record.config.get("promotion") or {})
    except ValidationError as error:
        raise GateError(
            f"The promotion policy of run {record.run_id} cannot be read: {error}. Run its command again"
        ) from error


def report_of(session: Session, run_id: str) -> Path | None:
    """Return where the report of a run lies, if it has one."""
    path = session.workspace.runs / run_id / REPORT
    return path if path.exists() else None


def version_before(session: Session, model: str, alias: str) -> int:
    """Return the version that served before the present one, whatever rollbacks came in between.

    Raises
    ------
    UnknownNameError
        The alias has never stood for another one.
    """
    served: list[int] = []
    for move in reversed(history(session.catalogue, model)):
        if move.alias != alias:
            continue
        if move.verdict is not None and move.verdict.gate == ROLLBACK and move.version in served:
            while served[-1] != move.version:
                served.pop()
        else:
            served.append(move.version)
    if len(served) < 2:  # noqa: PLR2004 - the present one and one before it
        raise UnknownNameError(
            f"{model!r} has nothing before {f'v{served[0]}' if served else 'the first promotion'} to give {alias!r} back "
            f"to; `penstock models history {model}` shows every move"
        )
    return served[-2]


def _finding(gate: GateVerdict) -> Finding:
    return Finding(
        name=gate.gate, passed=gate.passed, value=gate.number, threshold=gate.threshold, detail=gate.detail
    )
