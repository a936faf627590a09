"""Everything that `ops` fails with: three parts for the person, an exit code for the machine."""

from __future__ import annotations

from localcloud.errors import (
    LocalCloudError,
    ProcessFailedError,
    SettingsError,
    ToolMissingError,
)


class OpsError(Exception):
    """A check or an operation failed.

    Args:
        happened: what was seen.
        means: the consequence.
        remedy: what to do.
        detail: lines that help to find the cause.
    """

    exit_code = 1

    def __init__(self, happened: str, means: str, remedy: str, detail: str = "") -> None:
        super().__init__(happened)
        self.happened = happened
        self.means = means
        self.remedy = remedy
        self.detail = detail


class WrongUsageError(OpsError):
    """The command line or the settings are wrong."""

    exit_code = 2


class DependencyDownError(OpsError):
    """Something that the operation depends on does not run or does not answer."""

    exit_code = 3


_OF_LOCAL_CLOUD: dict[type[LocalCloudError], type[OpsError]] = {
    SettingsError: WrongUsageError,
    ToolMissingError: DependencyDownError,
    ProcessFailedError: DependencyDownError,
}


def translated(error: LocalCloudError) -> OpsError:
    """Give a failure of the local cloud its exit code."""
    kinds = (ours for theirs, ours in _OF_LOCAL_CLOUD.items() if isinstance(error, theirs))
    return next(kinds, OpsError)(error.happened, error.means, error.remedy, error.detail)
