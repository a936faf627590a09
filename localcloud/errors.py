"""What can go wrong in the local cloud, told in three parts: what happened, what it means, what to do."""

from __future__ import annotations


class LocalCloudError(Exception):
    """A failure that a person can act on.

    Args:
        happened: what was seen, with names and numbers.
        means: the consequence for the person.
        remedy: the command or step that leads out.
        detail: lines that help to find the cause, such as the end of a log.
    """

    def __init__(self, happened: str, means: str, remedy: str, detail: str = "") -> None:
        super().__init__(f"{happened} {means} {remedy}")
        self.happened = happened
        self.means = means
        self.remedy = remedy
        self.detail = detail


class SettingsError(LocalCloudError):
    """The local cloud's own settings cannot be used."""


class ProcessFailedError(LocalCloudError):
    """A process of the local cloud ended or did not become healthy."""


class ToolMissingError(LocalCloudError):
    """A program that set-up brings is not there."""


class ProvisioningError(LocalCloudError):
    """Pulumi could not bring the stack to what the program says."""
