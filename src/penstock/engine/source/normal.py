"""The normalised text of a syntax tree: equal for sources that differ in comments and formatting only."""

from __future__ import annotations

import ast
import hashlib

_LEFT_OUT = frozenset({"ctx", "type_comment", "type_ignores", "kind"})


def _fields(node_type: type[ast.AST]) -> tuple[str, ...]:
    return tuple(name for name in node_type._fields if name not in _LEFT_OUT)


class Normaliser:
    """Turns statements into digests, keeping docstrings apart from code.

    A string that stands alone as a statement has no effect but through ``__doc__`` or tools that read the
    source, so it goes into a digest of its own.
    """

    def __init__(self) -> None:
        self._field_names: dict[type[ast.AST], tuple[str, ...]] = {}
        self._code: list[str] = []
        self._docs: list[str] = []

    def digests(self, *nodes: ast.AST) -> tuple[str, str]:
        """Return the digest of the code and the digest of the docstrings of ``nodes``, in order."""
        self._code, self._docs = [], []
        for node in nodes:
            self._emit(node)
        # Constants are spelled by `repr`, so no part holds the separator.
        code = hashlib.sha256("\0".join(self._code).encode("utf-8", "surrogatepass")).hexdigest()
        return code, digest_text(*self._docs) if self._docs else ""

    def _emit(self, node: ast.AST) -> None:
        node_type, code = type(node), self._code
        names = self._field_names.get(node_type)
        if names is None:
            names = self._field_names[node_type] = _fields(node_type)
        code.append(node_type.__name__)
        for name in names:
            value = getattr(node, name, None)
            value_type = type(value)
            if value is None:
                code.append("~")
            elif value_type is str:
                code.append(repr(value))
            elif value_type is list:
                self._list(value)
            elif isinstance(value, ast.AST):
                self._emit(value)
            else:
                code.append(f"{value_type.__name__}={value!r}")
        code.append(")")

    def _list(self, values: list[object]) -> None:
        self._code.append("[")
        for value in values:
            text = bare_string(value)
            if text is not None:
                self._docs.append(text)
            elif isinstance(value, ast.AST):
                self._emit(value)
            else:
                self._code.append(repr(value))
        self._code.append("]")


def bare_string(node: object) -> str | None:
    """Return the text of a statement that is nothing but a string."""
    value = node.value if isinstance(node, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def digest_text(*parts: str) -> str:
    """Return the hexadecimal SHA-256 of ``parts``, told apart whatever characters they hold."""
    text = "".join(part.replace("\\", "\\\\").replace("\0", "\\0") + "\0" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
