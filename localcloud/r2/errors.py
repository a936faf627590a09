"""What R2 refuses, in its own words and numbers, and what makes the local store unusable.

Codes and messages: https://developers.cloudflare.com/r2/api/error-codes/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from localcloud.r2.stored import StoredObject


class StateError(LocalCloudError):
    """The store's folder or database cannot be used."""


class BucketNotEmptyError(Exception):
    """A bucket that is to be deleted still holds objects."""


class R2Error(Exception):
    """A refusal that reaches the worker.

    Attributes:
        status: of the HTTP answer.
        v4code: Cloudflare's number, which workerd shows behind the message.
    """

    status = 400
    v4code = 10029
    message = "Metadata missing or invalid"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.message
        super().__init__(self.message)


class InvalidRequestError(R2Error):
    """The request is not one that the binding sends."""


class InternalError(R2Error):
    """Something broke here."""

    status = 500
    v4code = 10001
    message = "We encountered an internal error. Please try again. See `ops local logs r2`."


class UnauthorizedError(R2Error):
    """The caller is not a process of this local cloud."""

    status = 401
    v4code = 10002
    message = "Unauthorized"


class NoSuchBucketError(R2Error):
    """The bucket was never made, or is deleted."""

    status = 404
    v4code = 10006
    message = "The specified bucket does not exist."


class NoSuchKeyError(R2Error):
    """The bucket holds no such object."""

    status = 404
    v4code = 10007
    message = "The specified key does not exist."


class MetadataTooLargeError(R2Error):
    """Custom metadata exceeds 2,048 bytes."""

    v4code = 10012
    message = "Your metadata headers exceed the maximum allowed metadata size."


class InvalidObjectNameError(R2Error):
    """A key is longer than 1,024 bytes or is not text."""

    v4code = 10020
    message = "The specified object name is not valid."


class InvalidMaxKeysError(R2Error):
    """A list limit is not from 1 to 1,000."""

    v4code = 10022
    message = "MaxKeys params must be positive integer <= 1000."


class PreconditionFailedError(R2Error):
    """`onlyIf` does not hold; `stored` is the object that a reader asked for."""

    status = 412
    v4code = 10031
    message = "At least one of the pre-conditions you specified did not hold."

    def __init__(self, stored: StoredObject | None = None) -> None:
        super().__init__()
        self.stored = stored


class BadDigestError(R2Error):
    """The bytes that arrived have another checksum than the caller gave."""

    v4code = 10037
    message = "The checksum you specified did not match what we received."


class InvalidRangeError(R2Error):
    """No byte of the object lies in the range."""

    status = 416
    v4code = 10039
    message = "The requested range is not satisfiable"


class EntityTooLargeError(R2Error):
    """An upload in one request is over 5 GiB less 5 MiB."""

    v4code = 100100
    message = "Your proposed upload exceeds the maximum allowed object size."
