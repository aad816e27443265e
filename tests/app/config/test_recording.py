from __future__ import annotations

import pickle
from typing import Literal

from pydantic import BaseModel, ConfigDict

from penstock.app.config.recording import recording, unused_keys
from penstock.storage.digests import digest_value

FROZEN = ConfigDict(frozen=True, extra="forbid")


class Model(BaseModel):
    model_config = FROZEN
    kind: Literal["trees"] = "trees"
    leaves: int = 31
    rate: float = 0.1


class Config(BaseModel):
    model_config = FROZEN
    horizon: int = 24
    lags: tuple[int, ...] = (1, 2)
    model: Model = Model()

    @property
    def doubled(self) -> int:
        return 2 * self.horizon


def test_reading_a_leaf_notes_the_leaf_only() -> None:
    stand_in, touched = recording(Config())
    assert touched.names == set()
    assert (stand_in.horizon, stand_in.model.leaves) == (24, 31)
    assert touched.names == {"horizon", "model.leaves"}


def test_passing_a_component_on_notes_nothing_until_it_is_used_as_a_whole() -> None:
    stand_in, touched = recording(Config())
    model = stand_in.model
    assert touched.names == set()
    assert model.model_dump() == {"kind": "trees", "leaves": 31, "rate": 0.1}
    assert touched.names == {"model.kind", "model.leaves", "model.rate"}


def test_a_property_notes_what_it_reads() -> None:
    stand_in, touched = recording(Config())
    assert stand_in.doubled == 48
    assert touched.names == {"horizon"}


def test_the_stand_in_passes_for_the_original() -> None:
    stand_in, _ = recording(Config(horizon=3))
    assert isinstance(stand_in, Config)
    assert isinstance(stand_in.model, Model)
    assert digest_value(stand_in) == digest_value(Config(horizon=3))
    assert repr(stand_in) == repr(Config(horizon=3))
    restored = pickle.loads(pickle.dumps(stand_in))
    assert type(restored) is Config
    assert restored == Config(horizon=3)


def test_a_changed_copy_goes_on_recording() -> None:
    stand_in, touched = recording(Config())
    copy = stand_in.model_copy(update={"model": Model(leaves=7)})
    assert touched.names == set()
    assert (copy.model.leaves, stand_in.model.leaves) == (7, 31)
    assert touched.names == {"model.leaves"}


def test_digesting_reads_everything() -> None:
    stand_in, touched = recording(Config())
    digest_value(stand_in.model)
    assert touched.names == {"model.kind", "model.leaves", "model.rate"}


def test_unused_keys_are_those_that_no_step_gets() -> None:
    def plan(config: Config) -> list[object]:
        return [config.lags, {"deep": [config.model]}] if config.horizon else []

    assert unused_keys(Config(), plan) == ()
    assert unused_keys(Config(), lambda config: [config.model.rate]) == (
        "horizon",
        "lags",
        "model.kind",
        "model.leaves",
    )
