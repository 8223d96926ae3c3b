"""Conversion: tests of pytest and Hypothesis, rewritten as claims with a leg that searches.

`@given` becomes `for_all`, and an assertion that compares two sides becomes a gap. What cannot be
rewritten stays, under a comment that says what to do.
"""

from __future__ import annotations

import ast
import copy
import re
from typing import Any

from refutable.errors import UsageError

RELATIONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "equal",
    ast.LtE: "at_most",
    ast.Lt: "at_most",
    ast.GtE: "at_least",
    ast.Gt: "at_least",
}
"""Which gap compares as an operator does; those that are strict lose it, which is said."""
CLOSE = ("isclose", "allclose", "approx")
"""Comparisons with a tolerance that nobody gave a reason for."""
STRICT = "it was strict, and a gap is not: the bound itself is allowed"
UNTOLD = "its tolerance has to be said, with its reason: equal(name, a, b, tolerance, why)"


def converted(text: str, name: str, file: str) -> str:
    """The claims of a file of tests, as Python. name: what their ids begin with.

    UsageError for a text that is no Python, or has no test with `@given`.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as problem:
        raise UsageError(f"{file}, line {problem.lineno}: {problem.msg}") from problem
    if not any(isinstance(node, ast.FunctionDef) and _given(node) for node in tree.body):
        raise UsageError(f"{file} has no test function with @given at its top level")
    used: set[str] = {"claim"}
    imports, parts = [], []
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports += _kept(node)
        elif isinstance(node, ast.FunctionDef) and _is_test(node):
            parts.append(_claim(node, _given(node), name, used))
        elif not (node is tree.body[0] and isinstance(node, ast.Expr)):  # not the docstring
            parts.append(ast.unparse(node))
    said = f'"""{name}: claims that were the tests of {file}."""'
    imports.append(f"from refutable import {', '.join(sorted(used))}")
    return "\n\n".join([said, "\n".join(imports), *(f"\n{part}" for part in parts)]) + "\n"


def _is_test(node: ast.FunctionDef) -> bool:
    """Whether it is a test that can be a claim: one with `@given`, or one without fixtures."""
    return _given(node) is not None or (node.name.startswith("test_") and not node.args.args)


def _kept(node: ast.Import | ast.ImportFrom) -> list[str]:
    """An import, without what claims have no use for."""
    if isinstance(node, ast.ImportFrom) and node.module == "hypothesis":
        names = [alias for alias in node.names if alias.name == "strategies"]
        return [ast.unparse(ast.ImportFrom("hypothesis", names, 0))] if names else []
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return []
    return [ast.unparse(node)]


def _given(test: ast.FunctionDef) -> ast.Call | None:
    """The call of `given` among the decorators of a test."""
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("given"):
            return decorator
    return None


def _claim(test: ast.FunctionDef, given: ast.Call | None, name: str, used: set[str]) -> str:
    used.add("leg" if given is None else "for_all")
    decorator = (
        '@leg("exact")  # TODO: scope="what it goes through"'
        if given is None
        else f"@{ast.unparse(ast.Call(ast.Name('for_all'), given.args, given.keywords))}"
    )
    short = test.name.removeprefix("test_")
    title = ast.get_docstring(test) or short.replace("_", " ")
    first = title.partition("\n")[0].rstrip(".")
    body = [node for node in test.body if not (isinstance(node, ast.Expr) and _is_text(node.value))]
    lines = [
        f'@claim("{name}.{short}", r"TODO: the statement, in LaTeX")',
        decorator,
        f"def {short}({ast.unparse(test.args)}):",
        f'    """{first}."""',
    ]
    for node in body:
        rewritten = _Gaps(used).visit(copy.deepcopy(node))
        for statement in rewritten if isinstance(rewritten, list) else [rewritten]:
            written = ast.unparse(ast.fix_missing_locations(statement)).split("\n")
            lines += [f"    {_TO_DO.sub(_comment, line)}" for line in written]
    mistake = (
        "# TODO: plant a mistake in a function that it calls, or nothing shows that it can fail:"
    )
    example = (
        f'# {short}.mistake(FUNCTION, "what is wrong", lambda original: lambda x: -original(x))'
    )
    return "\n".join([*lines, "", "", mistake, example])


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


_TO_DO = re.compile(r"""^(\s*)(['"])TODO: (.*)\2$""")
"""A text that stands where a comment belongs, of which a syntax tree has none."""


def _comment(found: re.Match[str]) -> str:
    return f"{found[1]}# TODO: {found[3]}"


class _Gaps(ast.NodeTransformer):
    """Assertions of two sides, as gaps. used: names that they need."""

    def __init__(self, used: set[str]) -> None:
        self.used = used

    def visit_Expr(self, node: ast.Expr) -> Any:
        """An assumption is drawn, not filtered."""
        call = node.value
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("assume"):
            return _todo(f"draw only what is allowed, and not: {ast.unparse(call)}")
        return node

    def visit_Assert(self, node: ast.Assert) -> Any:
        """What it compares, where that can be seen."""
        test = node.test
        if isinstance(test, ast.Call) and _is_close(test):
            return self._gap("equal", test.args[0], test.args[1], UNTOLD)
        if not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return [_todo("yield a gap for what is asserted"), node]
        relation = RELATIONS.get(type(test.ops[0]))
        left, right = test.left, test.comparators[0]
        if relation is None:
            return [_todo("yield a gap for what is asserted"), node]
        for one, other in ((left, right), (right, left)):
            if isinstance(one, ast.Call) and _is_close(one):
                return self._gap("equal", other, one.args[0], UNTOLD)
        strict = isinstance(test.ops[0], ast.Lt | ast.Gt)
        return self._gap(relation, left, right, STRICT if strict else "")

    def _gap(self, relation: str, left: ast.expr, right: ast.expr, todo: str) -> list[ast.stmt]:
        self.used.add(relation)
        arguments = [ast.Constant(ast.unparse(left)), left, right]
        gap = ast.Expr(ast.Yield(ast.Call(ast.Name(relation), arguments, [])))
        return [_todo(todo), gap] if todo else [gap]


def _is_close(call: ast.Call) -> bool:
    return ast.unparse(call.func).endswith(CLOSE)


def _todo(text: str) -> ast.stmt:
    return ast.Expr(ast.Constant(f"TODO: {text}"))
