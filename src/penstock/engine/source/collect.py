"""Reads the syntax tree of one unit and collects the names it uses, the modules it loads and its strings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from penstock.engine.source.aliases import Alias, assigned, iterated
from penstock.engine.source.facts import ELEMENT, Kind, Pass, Target, Use
from penstock.engine.source.known import (
    DYNAMIC_ATTRIBUTES,
    READING_BUILTINS,
    SUBCLASS_HOOKS,
)
from penstock.engine.source.lookups import named_module, settled, shown_by_vars
from penstock.engine.source.normal import bare_string
from penstock.engine.source.scopes import Found, Scope, close, through_aliases
from penstock.engine.source.syntax import (
    arguments,
    bind_parameters,
    bind_type_parameters,
    constant_tail,
    is_frozen,
    is_metaclass,
    plain_chain,
)
from penstock.engine.source.values import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_STRING = 255


class Collector:
    """Walks one unit once.

    Local names are settled when their scope closes, so one pass is enough whatever the order of binding and use.
    """

    def __init__(self) -> None:
        self.found = Found()
        self.module = Scope("module")
        self.loads: dict[Target, None] = {}
        self.inner_loads: dict[Target, None] = {}
        self.imports: list[tuple[str, Target]] = []
        self.stars: list[Target] = []
        self.strings: dict[str, None] = {}
        self.dynamic: dict[str, None] = {}
        self.groups: dict[Use, None] = {}
        self._scopes = [self.module]
        self._depth = 0
        self._soft = 0

    def read(self, statement: ast.stmt) -> None:
        """Collect everything from one statement at the top level."""
        self.visit(statement)
        self.found.uses.update(dict.fromkeys(self.module.uses))
        self.found.uses.update(dict.fromkeys(through_aliases(self.module, self.module.uses)))
        self.found.passes.update(dict.fromkeys(self.module.passes))

    # -- plumbing ------------------------------------------------------------------------------------------

    def visit(self, node: ast.AST, kind: Kind = "read") -> None:
        """Visit any node; ``kind`` says what happens to the value of an expression."""
        node_type = type(node)
        if (use := self._USES.get(node_type)) is not None:
            use(self, node, kind)
        elif (other := self._OTHERS.get(node_type)) is not None:
            other(self, node)
        else:
            self._children(node)

    def _children(self, node: ast.AST) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                self.visit(value)
            elif isinstance(value, list):
                self.visit_all(value)

    def visit_all(self, nodes: Iterable[object], kind: Kind = "read") -> None:
        """Visit every node but strings that stand alone."""
        for node in nodes:
            if isinstance(node, ast.AST) and bare_string(node) is None:
                self.visit(node, kind)

    def use(self, root: str | Target, attrs: tuple[str, ...], kind: Kind) -> None:
        """Note the use of a name."""
        self._scopes[-1].uses.append(Use(root, attrs, "soft" if self._soft else kind, self._depth == 0))

    @property
    def is_inside(self) -> bool:
        """Whether the place being read runs only when a function is called."""
        return self._depth > 0

    def _bind(self, name: str) -> None:
        scope = self._scopes[-1]
        if name in scope.global_names or name in scope.nonlocal_names:
            self.use(name, (), "store")
        else:
            scope.bound.add(name)

    @contextmanager
    def _scope(self, scope: Scope) -> Iterator[None]:
        depth = 1 if scope.kind == "function" else 0
        self._scopes.append(scope)
        self._depth += depth
        yield
        self._depth -= depth
        self._scopes.pop()
        close(scope, self._scopes[-1], self.found)

    # -- names and chains ----------------------------------------------------------------------------------

    def chain(self, node: ast.expr) -> tuple[str | Target, tuple[str, ...]] | None:
        """Return root and attributes of ``a.b[0].c``; visit what is not part of the chain."""
        attrs: list[str] = []
        while not isinstance(node, ast.Name):
            if (target := named_module(node)) is not None:
                self.load(target)
                return target, tuple(reversed(attrs))
            if isinstance(node, ast.Attribute):
                self.notice_attribute(node.attr)
                attrs.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Subscript):
                self.visit(node.slice)
                attrs.append(ELEMENT)
                node = node.value
            elif (shown := shown_by_vars(node)) is not None:
                self.use("vars", (), "soft")
                attrs.append("__dict__")
                node = shown
            else:
                self.visit(node)
                return None
        return node.id, tuple(reversed(attrs))

    def notice_attribute(self, name: str) -> None:
        """Note attributes that lead to code by unusual ways."""
        if name in DYNAMIC_ATTRIBUTES:
            self.dynamic[f"uses {name}"] = None
        elif name == "__doc__":
            self.found.traits.add("reads_docs")

    def _name(self, node: ast.Name, kind: Kind) -> None:
        if isinstance(node.ctx, ast.Load):
            if node.id == "__doc__":
                self.found.traits.add("reads_docs")
            self.use(node.id, (), kind)
        else:
            self._bind(node.id)

    def _attribute(self, node: ast.Attribute | ast.Subscript, kind: Kind) -> None:
        chain = self.chain(node)
        if chain is not None:
            self.use(*chain, kind if isinstance(node.ctx, ast.Load) else "store")

    def _constant(self, node: ast.Constant) -> None:
        if not isinstance(node.value, str):
            return
        if self._soft:
            self._forward_reference(node.value)
        elif 0 < len(node.value) <= MAX_STRING and "\n" not in node.value and "\0" not in node.value:
            self.strings[node.value] = None

    def _forward_reference(self, text: str) -> None:
        try:
            self.visit(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, ValueError):
            return

    # -- calls ---------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, kind: Kind) -> None:
        if settled(self, node):
            return
        chain = self.chain(node.func)
        if chain is not None:
            self.use(*chain, kind if kind in ("do", "decorate", "base") else "call")
            self._pass_arguments(node, *chain)
        elif not self._depth:
            self.found.traits.add("calls_unknown")
        self.visit_all(node.args)
        self.visit_all(node.keywords)

    def _pass_arguments(self, node: ast.Call, root: str | Target, attrs: tuple[str, ...]) -> None:
        if not attrs and root in READING_BUILTINS:
            return
        slots: list[tuple[int | str, ast.expr]] = [*enumerate(node.args)]
        slots += [(item.arg, item.value) for item in node.keywords if item.arg]
        for slot, value in slots:
            if isinstance(value, ast.Name):
                self._scopes[-1].passes.append(Pass(value.id, (), root, attrs, slot, False))
            elif isinstance(value, ast.Attribute | ast.Subscript) and (passed := plain_chain(value)):
                self._scopes[-1].passes.append(Pass(*passed, root, attrs, slot, False))

    # -- definitions ---------------------------------------------------------------------------------------

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name)
        self._decorators(node.decorator_list)
        self.visit_all((*node.args.defaults, *node.args.kw_defaults))
        if self._scopes[-1].kind == "class" and node.name in SUBCLASS_HOOKS:
            self.found.traits.add("hooks")
        scope = Scope("function", node.name)
        bind_parameters(node.args, scope)
        bind_type_parameters(node, scope)
        self._annotations(node)
        with self._scope(scope):
            self.visit_all(node.body)

    def _annotations(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._soft += 1
        for arg in arguments(node.args):
            if arg.annotation is not None:
                self.visit(arg.annotation)
        if node.returns is not None:
            self.visit(node.returns)
        self._soft -= 1

    def _lambda(self, node: ast.Lambda) -> None:
        self.visit_all((*node.args.defaults, *node.args.kw_defaults))
        scope = Scope("function", "<lambda>")
        bind_parameters(node.args, scope)
        with self._scope(scope):
            self.visit(node.body, "escape")

    def _class(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        if self.is_inside:
            self.found.traits.add("makes_classes")
        self._decorators(node.decorator_list)
        self.visit_all((*node.bases, *(item.value for item in node.keywords)), "base")
        if is_frozen(node):
            self.found.traits.add("frozen")
        if is_metaclass(node):
            self.found.traits.add("hooks")
        scope = Scope("class", node.name)
        bind_type_parameters(node, scope)
        with self._scope(scope):
            self.visit_all(node.body)
        self._class_state(node)

    def _class_state(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                if value_of(statement.value).kind in ("container", "nested"):
                    self.found.class_state |= {item.id for item in targets if isinstance(item, ast.Name)}
        if self.found.class_state:
            self.found.traits.add("class_state")
        if self.found.class_state & self.found.changed_through_self:
            self.found.traits.add("shared_state")

    def _decorators(self, nodes: Iterable[ast.expr]) -> None:
        for node in nodes:
            if isinstance(node, ast.Call):
                self.visit(node, "decorate")
            elif (chain := self.chain(node)) is not None:
                self.use(*chain, "decorate")

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        with self._scope(Scope("comprehension")):
            for generator in node.generators:
                self._loop(generator.target, generator.iter)
                self.visit_all(generator.ifs)
            if isinstance(node, ast.DictComp):
                self.visit_all((node.key, node.value))
            else:
                self.visit(node.elt)

    # -- statements ----------------------------------------------------------------------------------------

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.load(Target(0, alias.name, None))
            top = alias.name.partition(".")[0]
            self._bind_import(alias.asname or top, Target(0, alias.name if alias.asname else top, None))

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            target = Target(node.level, node.module or "", alias.name)
            if alias.name == "*":
                self.stars.append(target._replace(name=None))
                self.load(target._replace(name=None))
            else:
                self.load(target)
                self._bind_import(alias.asname or alias.name, target)

    def load(self, target: Target) -> None:
        """Note an import."""
        (self.inner_loads if self._depth else self.loads)[target] = None

    def _bind_import(self, name: str, target: Target) -> None:
        scope = self._scopes[-1]
        if name in scope.global_names:
            self.use(name, (), "store")
            self.use(target, (), "read")
            return
        scope.bound.add(name)
        if scope.kind == "module":
            self.imports.append((name, target))
            return
        if scope.imports.setdefault(name, target) != target:
            self.use(scope.imports[name], (), "read")
            scope.imports[name] = target

    def _assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self.visit_all(node.targets)
        for target in node.targets:
            self._alias(assigned(target, node.value))
            if isinstance(target, ast.Attribute) and isinstance(node.value, ast.Name):
                self._scopes[-1].kept.append((target.attr, node.value.id))

    def _ann_assign(self, node: ast.AnnAssign) -> None:
        self._soft += 1
        self.visit(node.annotation)
        self._soft -= 1
        if node.value is not None:
            self.visit(node.value)
            self._alias(assigned(node.target, node.value))
            self.visit(node.target)
        elif not isinstance(node.target, ast.Name) or self._scopes[-1].kind == "function":
            self.visit(node.target)

    def _aug_assign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            # Changes a list in place, and merely rebinds the name of a number.
            self.use(node.target.id, ("__iadd__",), "call")
        self.visit(node.target)

    def _alias(self, aliases: Iterable[Alias]) -> None:
        known = self._scopes[-1].aliases
        for name, source in aliases:
            known.setdefault(name, []).append(source)

    def _named(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._alias(assigned(node.target, node.value))
        inner = []
        while self._scopes[-1].kind == "comprehension":
            inner.append(self._scopes.pop())
        self._bind(node.target.id)
        self._scopes.extend(reversed(inner))

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._loop(node.target, node.iter)
        self.visit_all(node.body)
        self.visit_all(node.orelse)

    def _loop(self, target: ast.expr, source: ast.expr) -> None:
        self.visit(source)
        self.visit(target)
        self._alias(iterated(target, source))

    def _with_item(self, node: ast.withitem) -> None:
        self.visit(node.context_expr)
        if node.optional_vars is not None:
            self.visit(node.optional_vars)
            self._alias(assigned(node.optional_vars, node.context_expr))

    def _return(self, node: ast.Return | ast.Yield | ast.YieldFrom) -> None:
        if node.value is not None:
            self.visit(node.value, "escape")

    def _expression(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        self.visit(value, "do" if isinstance(value, ast.Call) else "read")

    def _either(self, node: ast.IfExp, kind: Kind) -> None:
        self.visit(node.test)
        self.visit(node.body, kind)
        self.visit(node.orelse, kind)

    def _any_of(self, node: ast.BoolOp, kind: Kind) -> None:
        self.visit_all(node.values, kind)

    def _global(self, node: ast.Global) -> None:
        if self._scopes[-1].kind != "module":
            self._scopes[-1].global_names |= set(node.names)

    def _nonlocal(self, node: ast.Nonlocal) -> None:
        self._scopes[-1].nonlocal_names |= set(node.names)

    def _handler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name)
        if node.type is not None:
            self.visit(node.type)
        self.visit_all(node.body)

    def _capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self._bind(name)
        self._children(node)

    def _path(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Div) and (tail := constant_tail(node)):
            self.strings[tail] = None
        self._children(node)

    def _type_alias(self, node: ast.AST) -> None:
        name = getattr(node, "name", None)
        if isinstance(name, ast.Name):
            self._bind(name.id)
        scope = Scope("function", "<type>")
        bind_type_parameters(node, scope)
        with self._scope(scope):
            self.visit(node.value)  # type: ignore[attr-defined] # ast.TypeAlias exists from Python 3.12 on

    _USES: ClassVar[dict[type[ast.AST], Callable[..., None]]] = {
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: _attribute,
        ast.Call: _call,
        ast.IfExp: _either,
        ast.BoolOp: _any_of,
    }
    _OTHERS: ClassVar[dict[type[ast.AST], Callable[..., None]]] = {
        ast.Constant: _constant,
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.Lambda: _lambda,
        ast.ClassDef: _class,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _comprehension,
        ast.Import: _import,
        ast.ImportFrom: _import_from,
        ast.Assign: _assign,
        ast.AnnAssign: _ann_assign,
        ast.AugAssign: _aug_assign,
        ast.NamedExpr: _named,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.withitem: _with_item,
        ast.Return: _return,
        ast.Yield: _return,
        ast.YieldFrom: _return,
        ast.Expr: _expression,
        ast.Global: _global,
        ast.Nonlocal: _nonlocal,
        ast.ExceptHandler: _handler,
        ast.MatchAs: _capture,
        ast.MatchStar: _capture,
        ast.MatchMapping: _capture,
        ast.BinOp: _path,
        **({ast.TypeAlias: _type_alias} if hasattr(ast, "TypeAlias") else {}),
    }
