"""/auth/v1: users, passwords, sessions, and their administration."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.localcloud.supabase.conftest import Client

PASSWORD = "correct horse"
USERS = "/auth/v1/admin/users"


def _signed_up(client: Client, email: str, **data: Any) -> dict[str, Any]:
    answer = client("POST", "/auth/v1/signup", json={"email": email, "password": PASSWORD, "data": data})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def _token(client: Client, grant: str, **body: Any) -> Any:
    return client("POST", f"/auth/v1/token?grant_type={grant}", json=body)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "anonymous_provider_disabled"),
        ({"password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a@example.com"}, 400, "validation_failed"),
        ({"email": "not an address", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": 5, "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a@example.com", "password": "short"}, 422, "weak_password"),
        ({"email": "a@example.com", "password": "x" * 73}, 400, "validation_failed"),
        ({"email": "a@example.com", "password": PASSWORD, "data": [1]}, 400, "validation_failed"),
        ([], 400, "bad_json"),
    ],
)
def test_a_wrong_sign_up_is_refused(anon: Client, body: Any, status: int, code: str) -> None:
    answer = anon("POST", "/auth/v1/signup", json=body)
    assert (answer.status_code, answer.json()["error_code"], answer.json()["code"]) == (status, code, status)
    newer = anon("POST", "/auth/v1/signup", json=body, headers={"X-Supabase-Api-Version": "2024-01-01"})
    assert newer.json()["code"] == code


def test_a_sign_up_gives_a_session_and_the_user(anon: Client, email: str) -> None:
    session = _signed_up(anon, email.upper(), plan="free")
    user = session["user"]
    assert (user["email"], user["role"], user["user_metadata"]) == (email, "authenticated", {"plan": "free"})
    assert user["identities"][0]["provider"] == "email"
    assert (session["token_type"], session["expires_in"]) == ("bearer", 3600)
    assert PASSWORD not in str(session)


def test_an_address_signs_up_once(anon: Client, email: str) -> None:
    _signed_up(anon, email)
    answer = anon("POST", "/auth/v1/signup", json={"email": email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["error_code"]) == (422, "user_already_exists")


def test_a_token_says_who_by_whom_for_whom_and_how_long(anon: Client, cloud: Cloud, email: str) -> None:
    session = _signed_up(anon, email)
    keys = jwt.PyJWKClient(f"{cloud.url}/auth/v1/.well-known/jwks.json")
    claims = jwt.decode(
        session["access_token"],
        keys.get_signing_key_from_jwt(session["access_token"]),
        algorithms=["ES256"],
        audience="authenticated",
        issuer=f"{cloud.url}/auth/v1",
    )
    assert (claims["sub"], claims["email"], claims["role"]) == (session["user"]["id"], email, "authenticated")
    assert claims["exp"] - claims["iat"] == 3600


def test_the_password_is_stored_as_a_hash(anon: Client, cloud: Cloud, email: str) -> None:
    _signed_up(anon, email)
    with cloud.connect() as connection:
        row = connection.execute(
            "select encrypted_password from auth.users where email = %s", (email,)
        ).fetchone()
    assert row[0].startswith("$scrypt$")


@pytest.mark.parametrize("password", ["", "wrong horse", PASSWORD + " "])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    anon: Client, email: str, password: str
) -> None:
    unknown = _token(anon, "password", email=email, password=password)
    _signed_up(anon, email)
    wrong = _token(anon, "password", email=email, password=password)
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert (wrong.status_code, wrong.json()["msg"]) == (400, "Invalid login credentials")


def test_other_grants_are_refused(anon: Client) -> None:
    assert _token(anon, "magic").json()["msg"] == "unsupported_grant_type"
    assert _token(anon, "password").json()["error_code"] == "validation_failed"


def test_a_refresh_token_works_once_and_its_theft_ends_the_session(
    anon: Client, cloud: Cloud, email: str
) -> None:
    first = _signed_up(anon, email)
    second = _token(anon, "refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    with cloud.connect() as connection:  # ten seconds later
        connection.execute("update auth.refresh_tokens set updated_at = now() - interval '11s' where revoked")
    stolen = _token(anon, "refresh_token", refresh_token=first["refresh_token"])
    assert (stolen.status_code, stolen.json()["error_code"]) == (400, "refresh_token_already_used")
    ended = _token(anon, "refresh_token", refresh_token=second["refresh_token"])
    assert ended.json()["error_code"] == "refresh_token_not_found"


def test_the_user_is_shown_to_its_own_token_alone(anon: Client, service: Client, email: str) -> None:
    session = _signed_up(anon, email)
    mine = replace(anon, token=session["access_token"])
    assert mine("GET", "/auth/v1/user").json()["email"] == email
    assert anon("GET", "/auth/v1/user").json()["msg"] == "invalid claim: missing sub claim"
    broken = replace(anon, token=session["access_token"][:-4] + "AAAA")("GET", "/auth/v1/user")
    assert (broken.status_code, broken.json()["error_code"]) == (403, "bad_jwt")
    service("DELETE", f"{USERS}/{session['user']['id']}")
    assert mine("GET", "/auth/v1/user").json()["error_code"] == "session_not_found"


def test_a_user_changes_address_password_and_data(anon: Client, email: str) -> None:
    mine = replace(anon, token=_signed_up(anon, email, a=1, b=2)["access_token"])
    assert mine("PUT", "/auth/v1/user", json={"password": PASSWORD}).json()["error_code"] == "same_password"
    assert mine("PUT", "/auth/v1/user", json={"password": "x"}).json()["error_code"] == "weak_password"
    changed = mine(
        "PUT",
        "/auth/v1/user",
        json={"email": f"new-{email}", "password": "battery", "data": {"b": None, "c": 3}},
    )
    assert changed.json()["user_metadata"] == {"a": 1, "c": 3}
    assert _token(anon, "password", email=f"new-{email}", password="battery").status_code == 200
    assert _token(anon, "password", email=email, password=PASSWORD).status_code == 400


def test_an_address_that_is_taken_cannot_be_taken_over(anon: Client, email: str) -> None:
    _signed_up(anon, f"other-{email}")
    mine = replace(anon, token=_signed_up(anon, email)["access_token"])
    answer = mine("PUT", "/auth/v1/user", json={"email": f"other-{email}"})
    assert (answer.status_code, answer.json()["error_code"]) == (422, "email_exists")


@pytest.mark.parametrize(
    ("scope", "living"), [("local", [False, True]), ("others", [True, False]), ("global", [False, False])]
)
def test_signing_out_ends_the_sessions_of_its_scope(
    anon: Client, email: str, scope: str, living: list[bool]
) -> None:
    _signed_up(anon, email)
    sessions = [_token(anon, "password", email=email, password=PASSWORD).json() for _ in range(2)]
    mine = [replace(anon, token=session["access_token"]) for session in sessions]
    assert mine[0]("POST", f"/auth/v1/logout?scope={scope}").status_code == 204
    assert [one("GET", "/auth/v1/user").status_code == 200 for one in mine] == living


def test_an_unknown_scope_is_refused(anon: Client) -> None:
    assert anon("POST", "/auth/v1/logout?scope=all").json()["error_code"] == "validation_failed"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_users_are_administered_by_the_service_role_alone(anon: Client, email: str, method: str) -> None:
    user = replace(anon, token=_signed_up(anon, email)["access_token"])
    for client in (anon, user):
        answer = client(method, USERS, json={"email": f"x-{email}"})
        assert (answer.status_code, answer.json()["error_code"]) == (403, "not_admin")


def test_the_service_role_makes_finds_changes_and_deletes_users(
    anon: Client, service: Client, email: str
) -> None:
    user_id = str(uuid.uuid4())
    body = {"id": user_id, "email": email, "password": PASSWORD, "app_metadata": {"plan": "pro"}}
    made = service("POST", USERS, json=body).json()
    assert (made["id"], made["app_metadata"]["plan"]) == (user_id, "pro")
    assert (
        _token(anon, "password", email=email, password=PASSWORD).json()["error_code"] == "email_not_confirmed"
    )
    assert service("POST", USERS, json=body).json()["error_code"] == "email_exists"
    changed = service("PUT", f"{USERS}/{user_id}", json={"email_confirm": True, "user_metadata": {"n": 1}})
    assert changed.json()["user_metadata"] == {"n": 1}
    assert _token(anon, "password", email=email, password=PASSWORD).status_code == 200
    assert service("GET", f"{USERS}/{user_id}").json()["email"] == email
    assert service("DELETE", f"{USERS}/{user_id}").json() == {}
    assert service("GET", f"{USERS}/{user_id}").json()["error_code"] == "user_not_found"
    assert service("GET", f"{USERS}/me").status_code == 404


def test_users_are_listed_in_pages(anon: Client, service: Client) -> None:
    emails = [f"{uuid.uuid4()}@example.com" for _ in range(3)]
    for email in emails:
        _signed_up(anon, email)
    total = int(service("GET", USERS).headers["x-total-count"])
    seen: list[str] = []
    for number in range(1, total + 2):
        page = service("GET", f"{USERS}?page={number}&per_page=2")
        seen += [user["email"] for user in page.json()["users"]]
        if 'rel="next"' not in page.headers["link"]:
            break
    assert len(seen) == total
    assert set(emails) <= set(seen)
    assert service("GET", f"{USERS}?page=0").json()["error_code"] == "validation_failed"


def test_settings_and_health_say_what_is_offered(anon: Client) -> None:
    assert anon("GET", "/auth/v1/settings").json()["external"]["email"] is True
    assert anon("GET", "/auth/v1/health").json()["name"] == "GoTrue"
