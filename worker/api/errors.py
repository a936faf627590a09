"""Every way in which the API refuses or fails; a family renders each in its own words.

ApiError
├── InvalidError            400  the request is wrong; `field` names what
├── UnauthorizedError       401
├── InsufficientCreditsError 402
├── NotFoundError           404
├── MethodNotAllowedError   405
├── ConflictError           409
│   └── IdempotencyConflictError  the key was used for another request
├── LengthRequiredError     411
├── TooLargeError           413
├── UnsupportedMediaError   415
├── UnsatisfiableError      416
├── TooManyJobsError        429
├── NotConfiguredError      501  a feature's settings are not bound
├── ProviderError           502  the provider refused, answered nonsense or did not answer in time
└── UnavailableError        503  the database, the storage or a key server is down
"""

from __future__ import annotations

from typing import Any, ClassVar


class ApiError(Exception):
    """A refusal or failure that a client is told of."""

    status: ClassVar[int] = 500
    code = "internal_error"

    def __init__(self, message: str = "", *, code: str = "", field: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.details = details
        self.headers: dict[str, str] = {}


class InvalidError(ApiError):
    """The request is wrong, and stays wrong however often it is sent."""

    status = 400
    code = "invalid_request"


class UnauthorizedError(ApiError):
    """Nothing in the request proves who asks; why is never said."""

    status = 401
    code = "unauthorized"

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"WWW-Authenticate": "Bearer"}


class InsufficientCreditsError(ApiError):
    """The job costs more than the user has."""

    status = 402
    code = "insufficient_credits"


class NotFoundError(ApiError):
    """There is no such thing, or it is somebody else's."""

    status = 404
    code = "not_found"


class MethodNotAllowedError(ApiError):
    """The address exists; the method does not exist there."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, allow: str) -> None:
        super().__init__(f"allowed here: {allow}")
        self.headers = {"Allow": allow}


class ConflictError(ApiError):
    """The thing is in a state that excludes what is asked."""

    status = 409
    code = "conflict"


class IdempotencyConflictError(ConflictError):
    """An idempotency key was used for another request."""

    code = "idempotency_conflict"

    def __init__(self) -> None:
        super().__init__("the Idempotency-Key was used for another request")


class LengthRequiredError(ApiError):
    """An upload must say how long it is: storage takes no stream of unknown length."""

    status = 411
    code = "length_required"


class TooLargeError(ApiError):
    """The body is over the limit."""

    status = 413
    code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} bytes are accepted here")


class UnsupportedMediaError(ApiError):
    """The body is of a type that is not read here."""

    status = 415
    code = "unsupported_media_type"


class UnsatisfiableError(ApiError):
    """No byte of the file lies in the range that is asked."""

    status = 416
    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(f"the file has {size} bytes")
        self.headers = {"Content-Range": f"bytes */{size}"}


class TooManyJobsError(ApiError):
    """The user's earlier jobs must end first; a job takes seconds to minutes."""

    status = 429
    code = "too_many_jobs"

    def __init__(self) -> None:
        super().__init__("too many of your jobs have not ended yet")
        self.headers = {"Retry-After": "30"}


class NotConfiguredError(ApiError):
    """A feature is off because its settings are not bound to this worker."""

    status = 501
    code = "not_configured"


class ProviderError(ApiError):
    """The provider refused a job, or gave no usable answer in time."""

    status = 502
    code = "provider_error"


class UnavailableError(ApiError):
    """Something that the answer depends on is down; the same request may succeed later."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message, code=code)
        self.headers = {"Retry-After": "5"}
