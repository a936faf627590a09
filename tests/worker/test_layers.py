"""The core runs anywhere: only the adapters know the Workers runtime."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

WORKER = Path(__file__).resolve().parents[2] / "worker"
RUNTIME = {"js", "pyodide", "workers"}


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def test_the_core_imports_the_standard_library_and_itself_alone() -> None:
    for path in (WORKER / "api").rglob("*.py"):
        allowed = RUNTIME if path.parent.name == "adapters" else set()
        foreign = _imported(path) - sys.stdlib_module_names - {"api"} - allowed
        assert not foreign, f"{path}: {foreign}"


def test_the_domain_knows_nothing_above_it() -> None:
    for path in (WORKER / "api" / "domain").glob("*.py"):
        modules = [
            n.module or "" for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)
        ]
        assert all(not module.startswith("api") or module.startswith("api.domain") for module in modules), (
            path
        )
