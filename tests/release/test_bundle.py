from __future__ import annotations

import gc
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import BundleError, UnknownNameError
from penstock.domain.values import Digest
from penstock.release.archive import pack
from penstock.release.bundle import Bundle, Inference, load_bundle, write_bundle
from penstock.release.manifest import MANIFEST, manifest_of
from penstock.storage.digests import digest_file
from penstock.testing.toys import KIND, ToyNaive, load_toy, toy_parts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle", toy_parts()).folder


def restamp(folder: Path) -> None:
    """Make the manifest fit a folder that was tampered with, as an attacker would."""
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).write_bytes(manifest_of(folder).to_bytes())


def test_a_bundle_holds_what_the_design_lists(folder: Path) -> None:
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "CARD.md",
        "MANIFEST.json",
        "environment.lock",
        "inference.json",
        "model/naive.json",
        "schema.json",
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_a_bundle_gives_the_model_back(folder: Path, tmp_path: Path, packed: bool) -> None:
    path = pack(folder, tmp_path / "one.bundle") if packed else folder

    bundle = load_bundle(path)

    assert bundle.predictor({KIND: load_toy}) == ToyNaive(season=24)
    assert bundle.inference == Inference(kind=KIND, parameters={"horizon": 48})
    assert bundle.environment == {"numpy": "2.4.6", "polars": "2.1.0"}
    assert bundle.digest == load_bundle(folder).digest
    assert bundle.card.startswith("# denmark\n")


def test_equal_parts_give_equal_bytes_in_both_forms(tmp_path: Path) -> None:
    first, second = (write_bundle(tmp_path / name, toy_parts()).folder for name in ("a", "b"))
    os.utime(second / "CARD.md", (0, 0))

    packed = [pack(folder, tmp_path / f"{folder.name}.bundle") for folder in (first, second)]

    assert digest_file(packed[0]) == digest_file(packed[1])
    assert (first / MANIFEST).read_bytes() == (second / MANIFEST).read_bytes()


def test_the_card_and_the_environment_do_not_change_what_a_bundle_means(tmp_path: Path, folder: Path) -> None:
    parts = toy_parts()
    other = replace(parts, environment={}, card=parts.card.model_copy(update={"purpose": "Another text."}))

    bundle, same = write_bundle(tmp_path / "other", other), load_bundle(folder)

    assert bundle.logical == same.logical
    assert bundle.digest != same.digest
    assert write_bundle(tmp_path / "next", toy_parts(ToyNaive(season=7))).logical != same.logical


def test_further_files_lie_beside_and_a_loader_is_the_only_code(tmp_path: Path) -> None:
    parts = replace(toy_parts(), files={"onnx/member_0.onnx": b"\x08x", "loader.py": b"print(1)\n"})
    bundle = load_bundle(pack(write_bundle(tmp_path / "more", parts).folder, tmp_path / "more.bundle"))
    assert (bundle.folder / "loader.py").read_text() == "print(1)\n"
    plain = write_bundle(tmp_path / "plain", replace(parts, files={"loader.py": b"print(2)\n"}))
    assert plain.logical == write_bundle(tmp_path / "toy", toy_parts()).logical != bundle.logical
    for name, content in (
        ("onnx/loader.py", b""),
        ("other.py", b""),
        ("loader.py", b"\x00"),
        ("../x.json", b"{}"),
    ):
        with pytest.raises(BundleError, match=r"can run code|is no text|is not allowed"):
            write_bundle(tmp_path / "bad", replace(parts, files={name: content}))


def test_an_unpacked_bundle_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    bundle = load_bundle(pack(folder, tmp_path / "one.bundle"), scratch=scratch)
    assert bundle.folder.is_relative_to(scratch)
    del bundle
    gc.collect()

    assert list(scratch.iterdir()) == []


def change_byte(folder: Path) -> None:
    path = folder / "model" / "naive.json"
    path.write_bytes(path.read_bytes().replace(b"24", b"25"))


def lengthen(folder: Path) -> None:
    with (folder / "schema.json").open("ab") as file:
        file.write(b" ")


def remove_file(folder: Path) -> None:
    (folder / "schema.json").unlink()


def add_file(folder: Path) -> None:
    (folder / "model" / "more.txt").write_text("x")


def remove_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def break_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("{")


def newer_format(folder: Path) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**content, "format": 2}))


def odd_entry(folder: Path) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    content["files"]["CARD.md"]["sha256"] = "short"
    (folder / MANIFEST).write_text(json.dumps(content))


def add_link(folder: Path) -> None:
    target = folder.parent / "outside.json"
    (folder / "model" / "naive.json").rename(target)
    (folder / "model" / "naive.json").symlink_to(target)


def huge_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b" " * 5_000_000)


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (change_byte, r"changed file model/naive\.json: its bytes do not match"),
        (lengthen, r"changed file schema\.json: \d+ bytes instead of \d+"),
        (remove_file, r"missing file schema\.json"),
        (add_file, r"extra file model/more\.txt"),
        (remove_manifest, r"is not a bundle: it has no MANIFEST\.json"),
        (break_manifest, r"is not a bundle: its MANIFEST\.json cannot be read"),
        (newer_format, r"has format 2; this Penstock reads format 1\. Upgrade"),
        (odd_entry, r"its MANIFEST\.json is malformed"),
        (add_link, r"link model/naive\.json"),
        (huge_manifest, r"larger than 4,000,000 bytes"),
    ],
)
def test_a_folder_that_was_tampered_with_is_refused(
    folder: Path, tamper: Callable[[Path], None], message: str
) -> None:
    tamper(folder)

    with pytest.raises(BundleError, match=message):
        load_bundle(folder)


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "/etc/evil.json", "model/../../evil.json", "C:/evil.json", "a\\b.json", "", "./a"],
)
def test_a_name_that_leads_out_of_the_bundle_is_refused(folder: Path, name: str) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    content["files"][name] = content["files"]["CARD.md"]
    (folder / MANIFEST).write_text(json.dumps(content))

    with pytest.raises(BundleError, match="is not allowed"):
        load_bundle(folder)


def test_what_a_link_leads_to_is_not_listed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret.json").write_text("{}")
    (folder / "model" / "more").symlink_to(tmp_path / "private")
    with pytest.raises(BundleError, match="link model/more") as caught:
        load_bundle(folder)
    assert "secret" not in str(caught.value)


def test_every_fault_is_listed_at_once(folder: Path) -> None:
    remove_file(folder)
    add_file(folder)

    with pytest.raises(BundleError, match=r"missing file schema\.json, extra file model/more\.txt"):
        load_bundle(folder)


def test_a_packed_bundle_that_says_it_is_encrypted_is_refused(folder: Path, tmp_path: Path) -> None:
    path = pack(folder, tmp_path / "one.bundle")
    raw = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        raw[raw.index(mark) + flags] |= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(BundleError, match=r"is not a packed bundle, or is damaged: .* is encrypted"):
        load_bundle(path)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_a_packed_bundle_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    base = tmp_path_factory.mktemp("flip")
    original = load_bundle(write_bundle(base / "bundle", toy_parts()).folder)
    file = pack(original.folder, base / "one.bundle")
    raw = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(raw)

    try:
        loaded = load_bundle(file)
    except BundleError:
        return
    # the ZIP's own times and flags may change without the bundle changing
    assert loaded.digest == original.digest
    assert loaded.predictor({KIND: load_toy}) == ToyNaive(season=24)


def rewrite(file: Path, edit: Callable[[zipfile.ZipFile, dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    evil = file.with_name("evil.bundle")
    with zipfile.ZipFile(evil, "w") as archive:
        edit(archive, contents)
        for name, content in contents.items():
            archive.writestr(name, content)
    return evil


def test_a_packed_bundle_cannot_write_outside(folder: Path, tmp_path: Path) -> None:
    file = pack(folder, tmp_path / "one.bundle")
    evil = rewrite(file, lambda _, contents: contents.update({"../evil.json": b"{}"}))

    with pytest.raises(BundleError, match=r"name '\.\./evil\.json' is not allowed"):
        load_bundle(evil)
    assert not (tmp_path / "evil.json").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_packed_bundle_with_a_name_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    file = pack(folder, tmp_path / "one.bundle")
    evil = rewrite(file, lambda archive, _: archive.writestr("CARD.md", b"another"))

    with pytest.raises(BundleError, match=r"name 'CARD\.md' stands there twice"):
        load_bundle(evil)


def test_a_compressed_archive_is_refused(folder: Path, tmp_path: Path) -> None:
    file = pack(folder, tmp_path / "one.bundle")
    evil = rewrite(
        file, lambda archive, _: archive.writestr("model/bomb.txt", b"0" * 999, zipfile.ZIP_DEFLATED)
    )

    with pytest.raises(BundleError, match=r"'model/bomb\.txt' is compressed"):
        load_bundle(evil)


def test_a_packed_bundle_with_other_files_is_refused(folder: Path, tmp_path: Path) -> None:
    file = pack(folder, tmp_path / "one.bundle")

    with pytest.raises(BundleError, match=r"missing files \['CARD\.md'\], extra files \['b\.md'\]"):
        load_bundle(rewrite(file, lambda _, contents: contents.update({"b.md": contents.pop("CARD.md")})))
    with pytest.raises(BundleError, match=r"it has no MANIFEST\.json"):
        load_bundle(rewrite(file, lambda _, contents: contents.__delitem__(MANIFEST)))
    with pytest.raises(BundleError, match=r"changed file CARD\.md"):
        load_bundle(rewrite(file, lambda _, contents: contents.update({"CARD.md": b"x"})))


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.bundle").write_bytes(b"not a zip")

    with pytest.raises(BundleError, match="is not a packed bundle, or is damaged"):
        load_bundle(tmp_path / "x.bundle")
    with pytest.raises(BundleError, match="There is no bundle"):
        load_bundle(tmp_path / "absent.bundle")


def test_a_pickle_smuggled_in_is_refused_even_with_a_fitting_manifest(folder: Path) -> None:
    (folder / "model" / "naive.json").write_bytes(pickle.dumps({"season": 24}))
    restamp(folder)

    with pytest.raises(BundleError, match=r"model/naive\.json is a pickle"):
        load_bundle(folder)


def test_a_model_that_saves_a_pickle_is_not_packaged(tmp_path: Path) -> None:
    def save(folder: Path) -> None:
        (folder / "model.pkl").write_bytes(pickle.dumps(1))

    with pytest.raises(BundleError, match=r"model/model\.pkl is refused: \.pkl files can run code"):
        write_bundle(tmp_path / "bundle", replace(toy_parts(), save_model=save))
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_saves_nothing_is_not_packaged(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="saved no file"):
        write_bundle(tmp_path / "bundle", replace(toy_parts(), save_model=lambda _: None))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(BundleError, match="something is there"):
        write_bundle(folder, toy_parts())


def test_an_expected_digest_is_compared(folder: Path) -> None:
    digest = load_bundle(folder).digest
    assert load_bundle(folder, expected=digest).digest == digest

    with pytest.raises(BundleError, match="not the expected ffff"):
        load_bundle(folder, expected=Digest("f" * 64))


def test_a_kind_without_a_loader_is_named(folder: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"kind 'toy_naive', .* did you mean 'toy_naives'"):
        load_bundle(folder).predictor({"toy_naives": load_toy})


def test_bytes_that_change_after_opening_build_nothing(folder: Path) -> None:
    bundle = load_bundle(folder)
    built: list[Path] = []
    change_byte(folder)

    with pytest.raises(BundleError, match="changed file"):
        bundle.predictor({KIND: built.append})
    assert built == []


def test_parameters_that_cannot_be_used_are_named(folder: Path) -> None:
    (folder / "inference.json").write_text("{}")
    restamp(folder)

    with pytest.raises(BundleError, match=r"inference\.json of the bundle cannot be used"):
        load_bundle(folder)


def test_a_bundle_is_what_its_folder_says(folder: Path) -> None:
    assert isinstance(load_bundle(folder), Bundle)
    assert load_bundle(folder).manifest == manifest_without_itself(folder)


def manifest_without_itself(folder: Path) -> object:
    whole = manifest_of(folder)
    return whole.model_copy(
        update={"files": {name: entry for name, entry in whole.files.items() if name != MANIFEST}}
    )
