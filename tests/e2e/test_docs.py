"""Every command that the documentation shows in a block marked `sh`, run as it stands."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import CHECKOUT

if TYPE_CHECKING:
    from tests.conftest import Cloud

PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").glob("**/*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Run by whoever runs this test.
ELSEWHERE = {"make test"}


def blocks() -> list[tuple[str, str]]:
    return [
        (f"{page.relative_to(CHECKOUT)}-{number}", block.strip())
        for page in PAGES
        for number, block in enumerate(BLOCK.findall(page.read_text()), 1)
        if block.strip() not in ELSEWHERE
    ]


@pytest.mark.parametrize(("place", "commands"), blocks(), ids=[place for place, _ in blocks()])
def test_the_commands_of_a_block_work(cloud: Cloud, place: str, commands: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", commands],
        cwd=CHECKOUT,
        env=cloud.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{place}\n{done.stdout}\n{done.stderr}"
    assert '"ok":false' not in done.stdout, f"{place}\n{done.stdout}"
