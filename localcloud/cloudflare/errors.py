"""What the API refuses, with Cloudflare's status, code and words.

Sources: wrangler's table of codes, developers.cloudflare.com/r2/api/error-codes, and answers of the real API
that are quoted in public issue threads. No source tells 10009, 10022, 10026, 10040, 10210 and 10211: of those
only the status is sure to be Cloudflare's.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class ApiError(Exception):
    """A refusal: an HTTP status and one or more of Cloudflare's errors."""

    status = HTTPStatus.BAD_REQUEST
    code = 10013

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What stands in the envelope."""
        return [{"code": self.code, "message": self.message}]


class MissingCredentialsError(ApiError):
    """The request says nothing about who sends it."""

    code = 9106

    def __init__(self) -> None:
        super().__init__("Missing X-Auth-Key, X-Auth-Email or Authorization headers")


class MalformedCredentialsError(ApiError):
    """The Authorization header is not a bearer token's."""

    code = 6003

    def __init__(self) -> None:
        super().__init__("Invalid request headers")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The chain names the header, as Cloudflare's does."""
        chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
        return [{"code": self.code, "message": self.message, "error_chain": chain}]


class AuthenticationError(ApiError):
    """The token is unknown, or has no access to the account or zone in the path."""

    status = HTTPStatus.FORBIDDEN
    code = 10000

    def __init__(self) -> None:
        super().__init__("Authentication error")


class InvalidTokenError(ApiError):
    """The token check's own answer to an unknown token."""

    status = HTTPStatus.UNAUTHORIZED
    code = 1000

    def __init__(self) -> None:
        super().__init__("Invalid API Token")


class UnknownPathError(ApiError):
    """No resource has this path, or an id in it has the wrong shape."""

    status = HTTPStatus.NOT_FOUND
    code = 7003

    def __init__(self, path: str) -> None:
        super().__init__(f"Could not route to {path}, perhaps your object identifier is invalid?")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Cloudflare gives two."""
        return [*super().errors, {"code": 7000, "message": "No route for that URI"}]


class MethodNotAllowedError(ApiError):
    """The path exists, the verb does not."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = 10405

    def __init__(self, allowed: list[str]) -> None:
        super().__init__("Method not allowed for this authentication scheme")
        self.allowed = allowed


class MalformedBodyError(ApiError):
    """The body is not JSON, or not the form that the upload asks for."""

    code = 6007

    def __init__(self, why: str = "") -> None:
        super().__init__(f"Malformed JSON in request body{': ' if why else ''}{why}")


class BodyTooLargeError(ApiError):
    """The body is larger than any worker may be."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = 10027

    def __init__(self, limit: int) -> None:
        super().__init__(f"Your Worker exceeded the size limit of {limit // 2**20} MiB.")


class InvalidRequestError(ApiError):
    """A field is missing or has a value that is not allowed; the message names it."""

    code = 10026


class InvalidVersionError(ApiError):
    """The code or configuration of a version cannot run."""

    code = 10021


class InvalidRoutePatternError(ApiError):
    """The route's pattern is not one, or lies outside the zone."""

    code = 10022


class InvalidDeploymentError(ApiError):
    """The versions of a deployment do not fit together."""

    code = 10210


class SecretsChangedError(ApiError):
    """The version is older than a secret that changed since."""

    code = 10220

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            "A secret has changed since this version was active. If you are sure this is ok, add a "
            "?force=true query parameter to allow the rollback. The following secrets have changed: "
            + ", ".join(names)
        )


class SecretEditError(ApiError):
    """A secret was put while the newest version is not the one that serves."""

    code = 10215

    def __init__(self) -> None:
        super().__init__(
            "Secret edit failed. You attempted to modify a secret, but the latest version of your Worker "
            "isn't currently deployed. Please ensure that the latest version of your Worker is fully "
            "deployed."
        )


class NotFoundError(ApiError):
    """What the path or the body names does not exist."""

    status = HTTPStatus.NOT_FOUND


class WorkerNotFoundError(NotFoundError):
    """No worker has this name or id."""

    code = 10007

    def __init__(self) -> None:
        super().__init__("This Worker does not exist on your account.")


class VersionNotFoundError(NotFoundError):
    """The worker has no version of this id."""

    code = 10209

    def __init__(self) -> None:
        super().__init__("Version not found. Please use a different version id and try again.")


class DeploymentNotFoundError(NotFoundError):
    """The worker has no deployment of this id."""

    code = 10211

    def __init__(self) -> None:
        super().__init__("Deployment not found. Please use a different deployment id and try again.")


class SecretNotFoundError(NotFoundError):
    """The worker binds no secret of this name."""

    code = 10056

    def __init__(self, name: str) -> None:
        super().__init__(f"Binding '{name}' not found. Please use a different name and try again.")


class RouteNotFoundError(NotFoundError):
    """The zone has no route of this id."""

    code = 10009

    def __init__(self) -> None:
        super().__init__("workers.api.error.route_not_found")


class ZoneNotFoundError(NotFoundError):
    """No zone has this id."""

    code = 1001

    def __init__(self) -> None:
        super().__init__("Invalid zone identifier")


class BucketNotFoundError(NotFoundError):
    """No bucket has this name in this jurisdiction."""

    code = 10006

    def __init__(self) -> None:
        super().__init__("The specified bucket does not exist.")


class InvalidBucketNameError(ApiError):
    """The name breaks R2's rules."""

    code = 10005

    def __init__(self) -> None:
        super().__init__("The specified bucket name is not valid.")


class BoundBucketNotFoundError(ApiError):
    """A version binds a bucket that does not exist."""

    code = 10085

    def __init__(self, name: str) -> None:
        super().__init__(f"R2 bucket '{name}' not found. Please use a different name and try again.")


class BindingNameTakenError(ApiError):
    """A binding of another kind holds the name."""

    code = 10053

    def __init__(self, name: str) -> None:
        super().__init__(f"Binding name '{name}' already in use. Please use a different name and try again.")


class ConflictError(ApiError):
    """What was asked for collides with what exists."""

    status = HTTPStatus.CONFLICT


class WorkerExistsError(ConflictError):
    """A worker of the account holds the name."""

    code = 10040

    def __init__(self, name: str) -> None:
        super().__init__(
            f"A Worker named '{name}' already exists. Please use a different name and try again."
        )


class RouteExistsError(ConflictError):
    """A route of the zone holds the pattern."""

    code = 10020

    def __init__(self) -> None:
        super().__init__("A route with the same pattern already exists.")


class BucketExistsError(ConflictError):
    """A bucket of the account holds the name."""

    code = 10004

    def __init__(self) -> None:
        super().__init__("The bucket you tried to create already exists, and you own it.")


class BucketNotEmptyError(ConflictError):
    """The bucket holds objects."""

    code = 10008

    def __init__(self) -> None:
        super().__init__("The bucket you tried to delete is not empty.")


class ZoneExistsError(ConflictError):
    """The account holds the zone already."""

    code = 1061

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} already exists. Please use a different domain.")


class UnavailableError(ApiError):
    """Something that the answer depends on is down; nothing was changed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = 10013
