"""What runs on Linux runs on macOS and Windows: no POSIX-only call, UTF-8 named at every open.

Read from the source, as no such system is at hand here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("refutable", "claims", "model", "reports", "benchmarks", "docs", "examples")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if not any(parent.is_symlink() for parent in path.parents)
)
POSIX_ATTRIBUTES = {
    "os": {
        "fork", "forkpty", "getgid", "getloadavg", "getpgid", "getuid", "geteuid", "kill", "killpg",
        "nice", "sched_getaffinity", "sched_setaffinity", "setpgid", "setsid", "uname", "wait3",
        "wait4", "waitid", "WIFSIGNALED", "WTERMSIG",
    },
    "signal": {"SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGCHLD", "alarm",
               "setitimer", "pthread_kill", "pthread_sigmask"},
    "time": {"tzset", "clock_gettime"},
    "socket": {"AF_UNIX"},
}  # fmt: skip
POSIX_MODULES = {"crypt", "curses", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog",
                 "termios", "tty"}  # fmt: skip


SESSIONS = {"preexec_fn", "process_group", "start_new_session"}
"""Arguments of subprocess that Windows refuses."""


def guarded(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a use stands under a question about the system: an if, a try, or hasattr/getattr."""
    while node in parents:
        node = parents[node]
        if isinstance(node, ast.Try):
            return True
        if isinstance(node, ast.With) and "ImportError" in ast.unparse(node.items[0]):
            return True  # contextlib.suppress
        if isinstance(node, ast.If | ast.IfExp):
            asked = ast.unparse(node.test)
            if "hasattr" in asked or "sys.platform" in asked or "os.name" in asked:
                return True
    return False


def posix_only(tree: ast.AST) -> Iterator[str]:
    """Uses of what other systems lack, outside any guard."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        found = []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in POSIX_ATTRIBUTES.get(node.value.id, ()):
                found = [f"{node.value.id}.{node.attr}"]
        elif isinstance(node, ast.Import):
            found = [alias.name for alias in node.names if alias.name in POSIX_MODULES]
        elif isinstance(node, ast.ImportFrom):
            missing = POSIX_ATTRIBUTES.get(node.module or "", set())
            found = [alias.name for alias in node.names if alias.name in missing]
            found += [node.module] if node.module in POSIX_MODULES else []
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            methods = {a.value for a in node.args if isinstance(a, ast.Constant)}
            if name.endswith(("get_context", "set_start_method")) and methods & {"fork"}:
                found = ["the start method fork"]
            given = {keyword.arg for keyword in node.keywords}
            found += [name for name in sorted(SESSIONS) if name in given]
        if found and not guarded(node, parents):
            line = getattr(node, "lineno", 0)
            yield from (f"line {line}: {what}" for what in found)


def opened_without_encoding(tree: ast.AST) -> Iterator[str]:
    """Text files that are opened in whatever encoding a system prefers."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            name, method = node.func.id, False
        elif isinstance(node.func, ast.Attribute):
            name, method = node.func.attr, True
        else:
            continue
        named = any(keyword.arg in ("encoding", None) for keyword in node.keywords)
        values = [a.value if isinstance(a, ast.Constant) else None for a in node.args]
        if not named and len(values) < {"read_text": 1, "write_text": 2}.get(name, 0):
            yield f"line {node.lineno}: {name}"
        elif name in ("open", "fdopen", "NamedTemporaryFile", "TemporaryFile") and not named:
            if method and ast.unparse(node.func.value) in ("os", "tarfile", "webbrowser"):
                continue  # not a text file: a descriptor, an archive, a page
            modes = values + [k.value.value for k in node.keywords
                              if k.arg == "mode" and isinstance(k.value, ast.Constant)]  # fmt: skip
            binary = any(isinstance(mode, str) and "b" in mode and len(mode) < 4 for mode in modes)
            if not binary and "Temporary" not in name:
                yield f"line {node.lineno}: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_runs_on_every_system(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [*posix_only(tree), *opened_without_encoding(tree)] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import os\nos.sched_getaffinity(0)", 1),
        ("import os\nif hasattr(os, 'sched_getaffinity'):\n    os.sched_getaffinity(0)", 0),
        ("from signal import SIGKILL", 1),
        ("try:\n    import resource\nexcept ImportError:\n    resource = None", 0),
        ("with suppress(ImportError):\n    import resource", 0),
        ("import fcntl", 1),
        ("multiprocessing.get_context('fork')", 1),
        ("multiprocessing.get_context('spawn')", 0),
        ("subprocess.run([], start_new_session=True)", 1),
        ("open('a')", 1),
        ("open('a', 'wb')", 0),
        ("open('a', encoding='utf-8')", 0),
        ("path.read_text()", 1),
        ("path.read_text('utf-8')", 0),
        ("path.write_text('x')", 1),
        ("path.open('ab')", 0),
        ("path.open('a')", 1),
    ],
)
def test_what_is_looked_for_is_found(code: str, found: int) -> None:
    tree = ast.parse(code)
    assert len([*posix_only(tree), *opened_without_encoding(tree)]) == found
