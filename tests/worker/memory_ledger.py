"""Accounts in memory, by the rules of the schema: a ledger that only grows, whose sum is the balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.domain.job import Kind
from api.ports import Account

if TYPE_CHECKING:
    from api.domain.job import Job

PLANS = {"starter": 75, "pro": 500, "studio": 2000}  # what a new user is granted
MOST_UNFINISHED = 5
_UNITS = {Kind.IMAGE: "num_images", Kind.VIDEO: "duration_seconds"}


def price(kind: Kind, payload: dict[str, Any]) -> int:
    """One credit an image, or a second; one where the payload does not say."""
    units = payload.get(_UNITS[kind], 1)
    assert isinstance(units, int), units
    return units


@dataclass(frozen=True)
class Entry:
    """One movement of credits."""

    user_id: str
    amount: int
    reason: str
    job_id: str | None = None


class Ledger:
    """Every movement of every account."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.plans: dict[str, str] = {}

    def account(self, user_id: str) -> Account:
        if user_id not in self.plans:
            self.plans[user_id] = "starter"
            self.entries.append(Entry(user_id, PLANS["starter"], "grant"))
        return Account(self._balance(user_id), self.plans[user_id])

    def set(self, user_id: str, credits_: int, plan: str = "starter") -> None:
        """Begin a test from a known balance."""
        difference = credits_ - self.account(user_id).credits
        self.plans[user_id] = plan
        if difference:
            self.entries.append(Entry(user_id, difference, "adjustment"))

    def hold(self, job: Job) -> None:
        self._of_job(job, -job.credits, "hold")

    def refund(self, job: Job) -> None:
        self._of_job(job, job.credits, "refund")

    def of(self, job: Job) -> list[tuple[str, int]]:
        """What one job cost and gave back."""
        return [(entry.reason, entry.amount) for entry in self.entries if entry.job_id == job.id]

    def _of_job(self, job: Job, amount: int, reason: str) -> None:
        if job.user_id is None or not amount:
            return
        assert reason not in dict(self.of(job)), f"a second {reason}: a job is paid once and given back once"
        self.entries.append(Entry(job.user_id, amount, reason, job.id))
        assert self._balance(job.user_id) >= 0

    def _balance(self, user_id: str) -> int:
        return sum(entry.amount for entry in self.entries if entry.user_id == user_id)
