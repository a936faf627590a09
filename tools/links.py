"""Finds links in Markdown files that lead nowhere inside the repository: `python tools/links.py`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?[^)]*\)"  # inline; a picture's own link closes the same way
    r"|^ {0,3}\[[^\]^][^\]]*\]:\s*<?([^\s>]+)"  # by reference; a footnote is none
    r"|(?:src|href)=\"([^\"]+)\"",
    re.MULTILINE,
)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//")


def broken(root: Path, pages: list[Path]) -> list[str]:
    """Each link that leads nowhere, as `page: link`."""
    found = []
    for page in pages:
        text = _FENCE.sub("", page.read_text())
        for link in _LINK.finditer(_CODE.sub("", text)):
            target = link[1] or link[2] or link[3]
            if not _ELSEWHERE.match(target) and not _leads_somewhere(root, page, unquote(target)):
                found.append(f"{page.relative_to(root)}: {target}")
    return found


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to a page's headings."""
    names: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number, unique = 0, name
        while unique in names:
            number += 1
            unique = f"{name}-{number}"
        names.add(unique)
    return names


def _leads_somewhere(root: Path, page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    other = (page.parent / path).resolve() if path else page.resolve()
    if not (other.exists() and other.is_relative_to(root.resolve())):
        return False
    return not anchor or other.suffix != ".md" or anchor in anchors(other.read_text())


def main() -> int:
    """Exit code 1 when a link is broken."""
    root = Path(__file__).resolve().parent.parent
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    lost = broken(
        root, [root / name for name in listed.stdout.split("\n") if name and (root / name).exists()]
    )
    sys.stdout.writelines(f"{line}\n" for line in lost)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
