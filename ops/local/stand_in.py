"""Words what goes wrong when a command asks the Supabase stand-in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from localcloud.supabase.client import RefusedError
from ops.errors import DependencyDownError, WrongUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_FUNCTION = "PGRST202"  # PostgREST: a call of a function that the database does not have


@contextmanager
def answering(*, means: str, remedy: str) -> Iterator[None]:
    """Turn its refusals and its silence into errors of `ops`.

    Args:
        means: what a refusal comes to.
        remedy: what to do about a refusal that says nothing of it.

    Raises:
        WrongUsageError: it refused what the command line says.
        DependencyDownError: it does not answer, or the schema is not in its database.
    """
    try:
        yield
    except RefusedError as error:
        if error.code == NO_FUNCTION:
            raise _bare(error) from error
        raise WrongUsageError(_sentence(error.message), means, _sentence(error.hint or remedy)) from error
    except OSError as error:
        raise DependencyDownError(
            f"The Supabase stand-in does not answer ({error}).",
            "Without it no user can be looked up or created.",
            "Run `ops local status` to see what is down, and `ops local up` to repair it.",
        ) from error


def _bare(error: RefusedError) -> DependencyDownError:
    return DependencyDownError(
        "The database does not hold the whole schema.",
        "Without it users have no accounts.",
        "Run `ops local up`: it applies the migrations.",
        error.message,
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
