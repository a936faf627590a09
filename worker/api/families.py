"""All families of clients on one core, and the document that describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.openapi import described
from api.routes.alphogenai import AlphoGenAI
from api.routes.cineweave import CineWeave
from api.routes.sorami import Sorami

if TYPE_CHECKING:
    from api.core import Core
    from api.router import Family


def families(core: Core) -> tuple[Family, ...]:
    """Give every route that is served; an unknown address is refused in the first one's words."""
    return described(AlphoGenAI(core).family(), CineWeave(core).family(), Sorami(core).family())
