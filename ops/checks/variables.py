"""The values a check knows, `${NAME}` in its texts, and keeping secrets out of what it shows."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class UnknownVariableError(Exception):
    """A text names a variable that nobody set."""


def filled(value: Any, variables: Mapping[str, str]) -> Any:
    """Replace every `${NAME}` in texts, also inside lists and mappings.

    Raises:
        UnknownVariableError: naming the variable and those that are known.
    """
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: _value(found[1], variables), value)
    if isinstance(value, list):
        return [filled(item, variables) for item in value]
    if isinstance(value, dict):
        return {key: filled(item, variables) for key, item in value.items()}
    return value


def _value(name: str, variables: Mapping[str, str]) -> str:
    if name not in variables:
        raise UnknownVariableError(f"${{{name}}} was never set; there are {', '.join(sorted(variables))}")
    return variables[name]


@dataclass(frozen=True, repr=False)
class Redaction:
    """Puts the name of a secret in the place of its value, however it is written."""

    secrets: Mapping[str, str]

    def __call__(self, text: str) -> str:
        """Redact one text."""
        for name, secret in self.secrets.items():
            for form in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
                text = text.replace(form, f"<{name}>") if form else text
        return text
