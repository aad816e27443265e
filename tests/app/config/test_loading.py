from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from penstock.app.config import Layer, LoadedConfig, SystemFiles, load_config
from penstock.domain.errors import ConfigError

Load = Callable[..., LoadedConfig]


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def origins(config: LoadedConfig) -> dict[str, str]:
    return {key: str(origin) for key, origin in config.origins.items()}


def values(config: LoadedConfig) -> dict[str, Any]:
    return {row.key: row.value for row in config.rows()}


def test_files_groups_and_defaults_make_one_value_with_the_origin_of_each_key(load: Load) -> None:
    config = load()
    assert config.value.model_dump(mode="json") == {
        "horizon": 48,
        "area": "DK1",
        "data": None,
        "start": None,
        "token": None,
        "weights": {},
        "features": {"lag_hours": [1, 24], "use_holidays": True},
        "model": {"kind": "trees", "num_leaves": 15, "learning_rate": 0.1},
    }
    assert origins(config) == {
        "horizon": "config.yaml:5",
        "area": "default",
        "data": "default",
        "start": "default",
        "token": "default",
        "weights": "default",
        "features.lag_hours": "features/slim.yaml:1",
        "features.use_holidays": "features/slim.yaml:2",
        "model.kind": "model/trees.yaml:1",
        "model.num_leaves": "model/trees.yaml:2",
        "model.learning_rate": "default",
    }
    assert config.choices == {"features": "slim", "model": "trees"}


def test_the_command_line_wins_and_says_so(load: Load) -> None:
    config = load("horizon=12", "model.num_leaves=7", "features.lag_hours=[1, 2]", "start=2023-05-01")
    assert values(config)["horizon"] == 12
    assert values(config)["model.num_leaves"] == 7
    assert values(config)["features.lag_hours"] == [1, 2]
    assert values(config)["start"] == "2023-05-01"
    assert origins(config)["model.num_leaves"] == "command line"
    assert origins(config)["model.kind"] == "model/trees.yaml:1"


def test_a_mapping_on_the_command_line_is_merged_key_by_key(load: Load) -> None:
    config = load("model={num_leaves: 5}")
    assert values(config)["model.num_leaves"] == 5
    assert origins(config)["model.kind"] == "model/trees.yaml:1"


def test_a_group_is_chosen_on_the_command_line(load: Load) -> None:
    config = load("model=linear", "model.alpha=3")
    assert config.choices["model"] == "linear"
    assert values(config)["model.alpha"] == 3.0
    assert "model.num_leaves" not in config.origins


def test_a_preset_serves_where_the_system_has_no_file_of_its_own(load: Load, folder: Path) -> None:
    config = load("features=course")
    assert values(config)["features.lag_hours"] == [1, 2, 3]
    assert origins(config)["features.lag_hours"] == "presets/features/course.yaml:1"
    assert folder / "features/course.yaml" in config.absent
    write(folder / "features/course.yaml", "lag_hours: [9]\n")
    assert values(load("features=course"))["features.lag_hours"] == [9]


def test_a_file_of_the_user_s_is_a_choice_too(load: Load, tmp_path: Path) -> None:
    write(tmp_path / "mine.yaml", "kind: trees\nnum_leaves: 3\n")
    config = load(f"model={tmp_path}/mine.yaml")
    assert values(config)["model.num_leaves"] == 3
    assert tmp_path / "mine.yaml" in config.files
    with pytest.raises(ConfigError, match="there is no such file"):
        load(f"model={tmp_path}/other.yaml")


def test_the_files_read_are_listed(load: Load, folder: Path) -> None:
    assert set(load().files) == {
        folder / "config.yaml",
        folder / "features/slim.yaml",
        folder / "model/trees.yaml",
    }


def test_an_unknown_key_is_refused_with_the_nearest_name(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"unknown key horizn \(command line\); did you mean horizon\?"):
        load("horizn=3")


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("num_leaves=3", "model.num_leaves"),
        ("num_leafs=3", "model.num_leaves"),
        ("model.num_leafs=3", "model.num_leaves"),
        ("feature.lag_hours=[1]", "features"),
        ("lag_hours=[1]", "features.lag_hours"),
    ],
)
def test_the_nearest_name_is_sought_at_every_depth(load: Load, given: str, nearest: str) -> None:
    with pytest.raises(ConfigError, match=rf"did you mean {re.escape(nearest)}\?"):
        load(given)


def test_an_unknown_key_in_a_file_is_told_with_its_line(load: Load, folder: Path) -> None:
    write(folder / "features/slim.yaml", "lag_hours: [1]\n\nuse_holiday: true\n")
    with pytest.raises(ConfigError, match=r"features\.use_holiday \(features/slim\.yaml:3\); did you mean"):
        load()


def test_a_dotted_name_in_a_file_gets_the_right_advice(load: Load, folder: Path) -> None:
    write(folder / "config.yaml", "defaults: {features: slim}\nmodel.num_leaves: 3\n")
    with pytest.raises(ConfigError, match="a dotted name is written nested in a file"):
        load()


def test_a_key_of_another_choice_is_told_apart_from_an_unknown_one(load: Load) -> None:
    with pytest.raises(ConfigError, match="another choice of model has it, model=linear has not"):
        load("model=linear", "model.num_leaves=3")


def test_a_value_out_of_range_names_constraint_value_and_origin(load: Load, folder: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"horizon = 0 \(command line\): must be greater than or equal to 1"
    ):
        load("horizon=0")
    write(folder / "model/trees.yaml", "num_leaves: 1\nkind: trees\n")
    with pytest.raises(
        ConfigError, match=r"num_leaves = 1 \(model/trees\.yaml:1\): must be greater than or equal to 2"
    ):
        load()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("horizon=abc", r"horizon = 'abc' \(command line\): must be a valid integer"),
        ("horizon=true", r"horizon = true \(command line\): must be a number"),
        ("horizon=2.5", r"horizon = 2\.5 \(command line\): must be a valid integer"),
        ("horizon=null", r"horizon = None \(command line\): must be a valid integer"),
        ("start=never", r"start = 'never' \(command line\): must be a valid date"),
        (
            "features.lag_hours=[1,x]",
            r"features\.lag_hours\.1 = 'x' \(command line\): must be a valid integer",
        ),
        ("model.kind=forest", r"model\.kind = 'forest' \(command line\): must be one of 'trees', 'linear'"),
        ("features=null", r"features = None \(command line\): must hold keys and values"),
        ("weights={a: x}", r"weights\.a = 'x' \(command line\): must be a valid number"),
    ],
)
def test_a_wrong_value_is_told(load: Load, given: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(given)


def test_a_long_value_is_cut_in_the_message(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"horizon={'x' * 5000}")
    assert len(str(caught.value)) < 300


def test_all_faults_are_told_in_one_error(load: Load, folder: Path) -> None:
    write(
        folder / "config.yaml", "defaults: {features: slim, model: trees}\nhorizon: 0\nhorizon: 1\nfoo: 1\n"
    )
    with pytest.raises(ConfigError) as caught:
        load("model.num_leaves=1", "bar=2", "+a=1", "~b", "just words", "start=never")
    message = str(caught.value)
    assert message.startswith("Configuration of river: 9 faults\n")
    for part in (
        "config.yaml:3: horizon is defined twice, first on line 2",
        "horizon = 0 (config.yaml:2)",
        "unknown key foo (config.yaml:4)",
        "model.num_leaves = 1 (command line)",
        "unknown key bar (command line)",
        "'+a=1': keys cannot be added",
        "'~b': keys cannot be deleted",
        "'just words' is not an override",
    ):
        assert part in message


def test_a_required_key_lists_the_places_searched(load: Load, folder: Path) -> None:
    write(folder / "features/slim.yaml", "use_holidays: true\n")
    with pytest.raises(ConfigError) as caught:
        load()
    assert "features.lag_hours is required and nothing sets it" in str(caught.value)
    assert "searched features/slim.yaml, model/trees.yaml, config.yaml, command line" in str(caught.value)
    assert "Add features.lag_hours=…" in str(caught.value)


def test_question_marks_leave_a_key_open(load: Load, folder: Path) -> None:
    write(folder / "features/slim.yaml", "lag_hours: ???\n")
    with pytest.raises(ConfigError, match=r"features\.lag_hours is required"):
        load()
    assert values(load("features.lag_hours=[4]"))["features.lag_hours"] == [4]


def test_an_unknown_choice_lists_the_choices_and_hides_no_other_fault(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load("features=slimm", "horizon=0")
    message = str(caught.value)
    assert "features=slimm (command line): no such file in" in message
    assert "did you mean 'slim'? Allowed: course, slim" in message
    assert "horizon = 0" in message
    assert "lag_hours" not in message, "keys of the file that was not found are not missing"


@pytest.mark.parametrize("text", [None, "", "# nothing is chosen here\n"])
def test_a_group_file_without_keys_collides_with_nothing(load: Load, folder: Path, text: str | None) -> None:
    config = "defaults: {features: none, model: trees}\nfeatures: {lag_hours: [1], use_holidays: false}\n"
    write(folder / "config.yaml", config)
    if text is None:
        with pytest.raises(ConfigError, match="features=none") as caught:
            load()
        assert "defined twice" not in str(caught.value)
    else:
        write(folder / "features/none.yaml", text)
        assert values(load())["features.lag_hours"] == [1]


def test_an_unknown_group_in_the_defaults_is_refused(load: Load, folder: Path) -> None:
    write(folder / "config.yaml", "defaults: {feature: slim}\n")
    with pytest.raises(
        ConfigError, match="defaults names 'feature', which is no group; did you mean 'features'"
    ):
        load()


@pytest.mark.parametrize("defaults", ["[slim]", "slim", "{features: [slim]}"])
def test_defaults_of_another_shape_are_refused(load: Load, folder: Path, defaults: str) -> None:
    write(folder / "config.yaml", f"defaults: {defaults}\n")
    with pytest.raises(ConfigError, match="defaults"):
        load()


def test_a_key_in_two_files_of_equal_rank_is_refused(load: Load, folder: Path) -> None:
    write(folder / "config.yaml", "defaults: {features: slim}\nfeatures:\n  lag_hours: [5]\n")
    message = r"features\.lag_hours is defined twice, in features/slim\.yaml:1 and config\.yaml:3"
    with pytest.raises(ConfigError, match=message):
        load()


def test_two_files_for_one_choice_are_refused(load: Load, folder: Path) -> None:
    write(folder / "features/slim.yml", "lag_hours: [5]\n")
    with pytest.raises(ConfigError, match=r"slim\.yaml and features/slim\.yml have equal rank"):
        load()


@pytest.mark.parametrize(
    "given",
    [
        ("horizon=1", "horizon=2"),
        ("model=linear", "model=trees"),
        ("model={num_leaves: 3}", "model.num_leaves=4"),
        ("weights={a: 1}", "weights.a=2"),
    ],
)
def test_a_key_given_twice_on_the_command_line_is_refused(load: Load, given: tuple[str, str]) -> None:
    with pytest.raises(
        ConfigError, match=f"twice on the command line: {re.escape(given[0])} and {re.escape(given[1])}"
    ):
        load(*given)


def test_text_that_looks_like_a_number_stays_text_where_text_is_wanted(load: Load) -> None:
    config = load("area=007", "data=2023")
    assert values(config)["area"] == "007"
    assert values(config)["data"] == "2023"
    with pytest.raises(ConfigError, match="area = None"):
        load("area=null")


def test_a_path_with_letters_beyond_ascii_is_taken_as_it_stands(load: Load) -> None:
    assert values(load("data=~/Hentet/forbrug (1) på øen.csv"))["data"] == "~/Hentet/forbrug (1) på øen.csv"


def test_a_secret_comes_from_the_environment_only_and_is_masked_everywhere(load: Load, folder: Path) -> None:
    config = load(PENSTOCK_TOKEN="s3cret", HOME="/home/anna")
    assert config.value.token.get_secret_value() == "s3cret"  # type: ignore[attr-defined]  # the fixture's schema
    assert origins(config)["token"] == "environment"
    shown = f"{config!r} {config.masked()} {config.rows()} {json.dumps(config.masked())}"
    assert "s3cret" not in shown
    write(folder / "config.yaml", "defaults: {features: slim}\ntoken: s3cret\n")
    with pytest.raises(ConfigError) as caught:
        load()
    assert "token (config.yaml:2) is a secret: set the variable PENSTOCK_TOKEN instead" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_wrong_secret_is_not_printed(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load("token=[s3cret]")
    assert "s3cret" not in str(caught.value)


def test_a_schema_that_breaks_the_rules_is_refused(folder: Path) -> None:
    class Loose(BaseModel):
        model_config = ConfigDict(extra="allow")

    with pytest.raises(
        ConfigError, match=r"schema of river breaks the rules: .*must be frozen.*refuse unknown keys"
    ):
        load_config(SystemFiles(folder=folder, schema=Loose))


def test_a_folder_without_a_configuration_says_so(tmp_path: Path, load: Load, folder: Path) -> None:
    (folder / "config.yaml").unlink()
    with pytest.raises(ConfigError, match=r"there is no config\.yaml in"):
        load()


def test_a_group_choice_cannot_be_written_as_a_plain_value(load: Load, folder: Path) -> None:
    write(folder / "config.yaml", "defaults: {features: slim}\nmodel: linear\n")
    with pytest.raises(ConfigError, match="choose a group under 'defaults', or write model=linear"):
        load()


def test_a_group_without_any_file_says_so(load: Load, folder: Path) -> None:
    for file in (folder / "model").iterdir():
        file.unlink()
    with pytest.raises(ConfigError, match="model has no groups to choose from"):
        load("model=linear")


def test_the_loaded_value_is_frozen(load: Load) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().value.horizon = 3  # type: ignore[attr-defined]  # the fixture's schema


def test_layers_rank_between_files_and_command_line(load: Load, folder: Path) -> None:
    schema = type(load().value)
    layer = Layer(name="best_config@v2", values={"horizon": 7, "model": {"num_leaves": 9}})
    files = SystemFiles(folder=folder, schema=schema)
    config = load_config(files, ["horizon=8"], {}, [layer])
    assert values(config)["horizon"] == 8
    assert values(config)["model.num_leaves"] == 9
    assert origins(config)["model.num_leaves"] == "best_config@v2"
