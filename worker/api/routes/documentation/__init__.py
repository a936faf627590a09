"""What the documentation says of every operation; read only when the documentation is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.routes.documentation import alphogenai, cineweave, sorami

if TYPE_CHECKING:
    from api.document import Schema
    from api.operations import Operation

ERRORS: dict[str, Schema] = {**alphogenai.ERRORS, **cineweave.ERRORS, **sorami.ERRORS}
OPERATIONS: dict[str, Operation] = {**alphogenai.OPERATIONS, **cineweave.OPERATIONS, **sorami.OPERATIONS}
