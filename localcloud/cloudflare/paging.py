"""Pages of a list, numbered from 1; past the end a page is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PER_PAGE = 20
MOST_PER_PAGE = 1000
LAST_PAGE = 1_000_000


def paged(items: Sequence[Any], query: Mapping[str, str]) -> tuple[list[Any], dict[str, int]]:
    """The page a query asks for, and its `result_info`.

    Raises:
        InvalidRequestError: `page` or `per_page` is not a number within bounds.
    """
    page = count_of(query, "page", 1, LAST_PAGE)
    per_page = count_of(query, "per_page", PER_PAGE, MOST_PER_PAGE)
    chosen = list(items[(page - 1) * per_page : page * per_page])
    return chosen, {
        "page": page,
        "per_page": per_page,
        "count": len(chosen),
        "total_count": len(items),
        "total_pages": -(-len(items) // per_page),
    }


def count_of(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A positive whole number of the query string."""
    text = query.get(name)
    if text is None:
        return default
    # The SDK types some of these as floats and sends `20.0`.
    digits = text.removesuffix(".0")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10 and 1 <= int(digits) <= most):  # noqa: PLR2004 - any bound that keeps int() cheap
        raise InvalidRequestError(f"{name} must be a whole number from 1 to {most}.")
    return int(digits)
