from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import links
from tests.tools.checkout import TOOLS

if TYPE_CHECKING:
    from pathlib import Path

OTHER = """
# The rooms

## `make up`, and then?
## [Linked](elsewhere.md) heading ##
## Twice
## Twice
## Step 1
## Step

```sh
# not a heading
```
"""
GOOD = (
    "[a file](other.md)",
    "[a folder](docs)",
    "[below](docs/inner.md)",
    "[a heading](other.md#the-rooms)",
    "[code in a heading](other.md#make-up-and-then)",
    "[a link in a heading](other.md#linked-heading)",
    "[the first](other.md#twice) and [the second](other.md#twice-1)",
    "[numbered](other.md#step-1) and [not](other.md#step)",
    "[own heading](#here)",
    "[spaces](<docs/a%20picture.svg>)",
    '[a title](other.md "with a title")',
    "![a picture](docs/a%20picture.svg)",
    "[a line of code](tool.py#L10)",
    '<img src="tool.py">',
    "[elsewhere](https://example.com/no.md), [mail](mailto:a@example.com), [any scheme](//example.com/no)",
    "`[code](no.md)`",
    "```md\n[code](no.md)\n```",
    "[by name][name]\n\n[name]: other.md",
    "a footnote[^1]\n\n[^1]: words that are no link",
)
BROKEN = {
    "[a file](no.md)": "no.md",
    "[a heading](other.md#no)": "other.md#no",
    "[no heading, but code](other.md#not-a-heading)": "other.md#not-a-heading",
    "[too many](other.md#twice-2)": "other.md#twice-2",
    "[own heading](#no)": "#no",
    "![a picture](docs/no.svg)": "docs/no.svg",
    '<img src="no.png">': "no.png",
    '<a href="no.md">': "no.md",
    "[![a badge](tool.py)](no.md)": "no.md",
    "[by name][name]\n\n[name]: no.md": "no.md",
    "[outside](../outside.md)": "../outside.md",
    "```sh\nls\n```\n[after code](no.md)": "no.md",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside.md").touch()
    root = tmp_path / "repository"
    (root / "docs").mkdir(parents=True)
    (root / "other.md").write_text(OTHER)
    (root / "docs" / "inner.md").write_text("[up](../other.md#the-rooms)\n")
    (root / "docs" / "a picture.svg").touch()
    (root / "tool.py").touch()
    return root


def lost(root: Path, text: str) -> list[str]:
    page = root / "page.md"
    page.write_text(f"# Here\n\n{text}\n")
    return links.broken(root, [page])


@pytest.mark.parametrize("text", GOOD)
def test_a_good_link_is_accepted(root: Path, text: str) -> None:
    assert lost(root, text) == []


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_link_is_found(root: Path, text: str) -> None:
    assert lost(root, text) == [f"page.md: {BROKEN[text]}"]


def test_a_link_is_read_from_where_its_page_is(root: Path) -> None:
    (root / "docs" / "inner.md").write_text("[beside](other.md)\n")
    assert links.broken(root, [root / "docs" / "inner.md"]) == ["docs/inner.md: other.md"]


def test_the_command_names_what_is_broken_in_the_pages_of_the_repository(root: Path) -> None:
    (root / "tools").mkdir()
    (root / "tools" / "links.py").write_text((TOOLS / "links.py").read_text())
    (root / "other.md").write_text("# The rooms\n[lost](docs/no.md)\n")
    (root / ".gitignore").write_text("ignored.md\n")
    (root / "ignored.md").write_text("[lost](no.md)\n")
    subprocess.run(["git", "init", "-q", root], check=True)
    command = [sys.executable, str(root / "tools" / "links.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "other.md: docs/no.md\n", "")
    (root / "docs" / "no.md").touch()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
