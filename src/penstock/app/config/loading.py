"""Put a configuration together: group files, ``config.yaml``, layers, secrets, command line, schema.

Rank, from low to high: defaults of the schema; ``config.yaml`` and the group files it chooses, which are equals and
may not set the same key; the layers a caller adds, such as a best configuration; the environment, for secrets only;
the command line. All faults of all parts are told in one error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError

from penstock.app.config.faults import Faults
from penstock.app.config.groups import Choice, Library, SystemFiles, default_choices
from penstock.app.config.messages import Explainer
from penstock.app.config.origins import (
    COMMAND_LINE,
    ENVIRONMENT,
    Layer,
    Origin,
    leaves,
    origin_of,
    overlaps,
    ranked,
    trace,
)
from penstock.app.config.overrides import Override, parse_overrides
from penstock.app.config.schema import Key, broken_rules, effective, keys
from penstock.domain.errors import ConfigError

if TYPE_CHECKING:
    from penstock.domain.values import Json

DEFAULTS = "defaults"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the effective configuration; a secret's value is masked."""

    key: str
    value: Json
    origin: Origin


@dataclass(frozen=True, kw_only=True)
class LoadedConfig:
    """A validated configuration and where it came from.

    ``origins`` has every leaf of ``value`` in the order of the schema; ``choices`` maps groups to chosen names;
    ``files`` were read, ``absent`` were looked for and not there.
    """

    value: BaseModel
    origins: Mapping[str, Origin]
    choices: Mapping[str, str]
    files: tuple[Path, ...]
    absent: tuple[Path, ...]

    def masked(self) -> dict[str, Json]:
        """Return the nested values as JSON types, secrets masked."""
        return masked(self.value)

    def rows(self) -> tuple[Row, ...]:
        """Return the effective configuration line by line."""
        values = self.masked()
        return tuple(
            Row(key=key, value=_at(values, key), origin=origin) for key, origin in self.origins.items()
        )


def masked(value: BaseModel) -> dict[str, Json]:
    """Return a configuration as JSON types, secrets masked: fit for logs, manifests and the tracker."""
    return cast("dict[str, Json]", value.model_dump(mode="json"))


def load_config(
    files: SystemFiles,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] = MappingProxyType({}),
    layers: Sequence[Layer] = (),
) -> LoadedConfig:
    """Load, merge and validate the configuration of one system.

    Parameters
    ----------
    files
        Where the system's files are and which schema they fill.
    overrides
        ``key=value`` arguments; ``group=name`` chooses a group, and so does ``group=path/to/file.yaml``.
    environ
        Environment variables. A key of a secret type is read from ``PENSTOCK_<KEY>`` (dots become underscores) and
        from nowhere else; no other key is read from here.
    layers
        More values, ranked between the files and the command line, later ones winning.

    Raises
    ------
    ConfigError
        Naming every fault found: unreadable or invalid files, doubled and unknown keys with the nearest known one,
        values out of range with their constraint and origin, missing keys with the places searched.
    """
    faults = Faults()
    loading = _Loading(files, faults)
    arguments = loading.parse(overrides)
    merged = ranked(
        [
            *loading.file_layers(arguments),
            *layers,
            loading.secrets(environ),
            *loading.commands(arguments),
        ]
    )
    validated = loading.validate(merged)
    faults.raise_any(f"Configuration of {files.title}")
    value = cast("BaseModel", validated)
    origins = trace(merged)
    return LoadedConfig(
        value=value,
        origins={key: origin_of(key, origins) for key, _ in effective(value)},
        choices=loading.chosen,
        files=tuple(loading.library.read),
        absent=tuple(loading.library.absent),
    )


class _Loading:
    """The steps of one :func:`load_config`, sharing schema, files and faults."""

    def __init__(self, files: SystemFiles, faults: Faults) -> None:
        broken = broken_rules(files.schema)
        if broken:
            raise ConfigError(f"The schema of {files.title} breaks the rules: {'; '.join(broken)}")
        self.schema = files.schema
        self.keys = keys(files.schema)
        self.groups = {name: key for name, key in self.keys.items() if key.components and "." not in name}
        self.faults = faults
        self.library = Library(files=files, faults=faults)
        self.choices: list[Choice] = []

    @property
    def chosen(self) -> dict[str, str]:
        """The name chosen for each group."""
        return {choice.group: choice.name for choice in self.choices}

    def parse(self, arguments: Sequence[str]) -> list[Override]:
        """Parse the command line; the same key twice is a fault."""
        overrides = [self._typed(override) for override in parse_overrides(arguments, self.faults)]
        for chosen in (True, False):
            alike = [override for override in overrides if self._is_choice(override) is chosen]
            self._refuse_doubles([(f"{each.key}={each.text}", self._command(each)) for each in alike])
        return overrides

    def file_layers(self, overrides: Sequence[Override]) -> list[Layer]:
        """Read ``config.yaml`` and the chosen group files: layers of equal rank."""
        document = self.library.main()
        values = dict(document.values)
        defaults = default_choices(values.pop(DEFAULTS, {}), self.groups, self.faults)
        chosen = {choice.group: choice for choice in [*defaults, *self._choices(overrides)]}
        self.choices = list(chosen.values())
        groups = [(choice.group, self.library.chosen(choice)) for choice in self.choices]
        main = replace(document, values=values).layer()
        filled = [found.layer(group) for group, found in groups if found.values]
        self._refuse_doubles([(layer.name, layer) for layer in (*filled, main)])
        return [*(found.layer(group) for group, found in groups), main]

    def secrets(self, environ: Mapping[str, str]) -> Layer:
        """Read the secret keys from their variables."""
        values: dict[str, Any] = {}
        for name, key in self.keys.items():
            if key.is_secret and environ.get(key.variable):
                _put(values, name, environ[key.variable])
        return Layer(name="environment", values=values, origins=dict.fromkeys(values, ENVIRONMENT))

    def commands(self, overrides: Sequence[Override]) -> list[Layer]:
        """Return one layer for each override that is not a choice."""
        return [self._command(override) for override in overrides if not self._is_choice(override)]

    def validate(self, layers: Sequence[Layer]) -> BaseModel | None:
        """Merge the layers and build the schema from them; faults are noted."""
        origins = trace(layers)
        for layer in layers:
            self._check_plain_types(layer)
        try:
            return self.schema.model_validate(_merge(layers))
        except ValidationError as error:
            searched = [*(layer.name for layer in layers if layer.name != "environment"), str(COMMAND_LINE)]
            explainer = Explainer(
                keys=self.keys,
                origins=origins,
                searched=list(dict.fromkeys(searched)),
                choices=self.chosen,
            )
            incomplete = self.faults.incomplete
            for message in explainer.messages(error.errors(include_url=False), incomplete=incomplete):
                self.faults.add(message)
            return None

    def _typed(self, override: Override) -> Override:
        """Let ``target=007`` be text where only text is allowed."""
        key = self.keys.get(override.key)
        is_number = not override.quoted and not isinstance(override.value, (str, list, dict, type(None)))
        if key is not None and key.is_text and is_number:
            return replace(override, value=override.text)
        return override

    def _command(self, override: Override) -> Layer:
        values: dict[str, Any] = {}
        _put(values, override.key, override.value)
        return Layer(
            name=str(COMMAND_LINE), values=values, origins={override.key.partition(".")[0]: COMMAND_LINE}
        )

    def _is_choice(self, override: Override) -> bool:
        return override.key in self.groups and isinstance(override.value, str)

    def _choices(self, overrides: Sequence[Override]) -> list[Choice]:
        return [
            Choice(group=override.key, name=str(override.value), origin=COMMAND_LINE)
            for override in overrides
            if self._is_choice(override)
        ]

    def _refuse_doubles(self, layers: Sequence[tuple[str, Layer]]) -> None:
        seen: dict[str, tuple[str, Layer]] = {}
        for label, layer in layers:
            for key, _ in leaves(layer.values):
                for other, (earlier, before) in seen.items():
                    if overlaps(key, other) and before is not layer:
                        self.faults.lose(
                            _doubled(key, (earlier, before.origin(other)), (label, layer.origin(key)))
                        )
                seen[key] = (label, layer)

    def _check_plain_types(self, layer: Layer) -> None:
        for name, value in leaves(layer.values):
            key = self.keys.get(name)
            if key is None:
                continue
            origin = layer.origin(name)
            if key.is_secret and origin != ENVIRONMENT:
                self.faults.lose(f"{name} ({origin}) is a secret: set the variable {key.variable} instead")
            if isinstance(value, bool) and _wants_number(key):
                self.faults.lose(
                    f"{name} = {str(value).lower()} ({origin}): must be a number, not true or false"
                )


def _merge(layers: Sequence[Layer]) -> dict[str, Any]:
    from omegaconf import OmegaConf

    merged = OmegaConf.merge(*(OmegaConf.create(dict(layer.values)) for layer in layers))
    return cast("dict[str, Any]", OmegaConf.to_container(merged, resolve=False))


def _doubled(key: str, first: tuple[str, Origin], second: tuple[str, Origin]) -> str:
    if second[1] == COMMAND_LINE:
        return f"{key} is given twice on the command line: {first[0]} and {second[0]}; keep one"
    return f"{key} is defined twice, in {first[1]} and {second[1]}, which have equal rank; keep one"


def _wants_number(key: Key) -> bool:
    return bool(key.scalars & {int, float}) and bool not in key.scalars


def _put(values: dict[str, Any], key: str, value: object) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = value


def _at(values: Mapping[str, Json], key: str) -> Json:
    found: Json = dict(values)
    for part in key.split("."):
        if not isinstance(found, dict):
            return None
        found = found[part]
    return found
