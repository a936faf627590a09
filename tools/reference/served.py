"""What `GET /openapi.json` answers, without the runtime that serves it."""

from __future__ import annotations

import sys
import time
from typing import Any, NoReturn

from api import openapi
from api.auth import Authenticator
from api.core import Core
from api.domain.redaction import Redactor
from api.families import families
from api.log import JsonLog
from api.settings import Settings


def document() -> dict[str, Any]:
    """Describe every route; nothing is bound, for a description reaches nothing."""
    settings = Settings.read(lambda _name: None)
    redactor = Redactor(settings.secrets)
    core = Core(
        settings=settings,
        auth=Authenticator(settings, _unbound, _unbound, time.time),
        database=None,
        media=None,
        provider=None,
        redactor=redactor,
        clock=time.time,
        log=JsonLog(redactor, sys.stderr.write),
    )
    return openapi.render(list(families(core)))


async def _unbound(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("a description asks nobody")
