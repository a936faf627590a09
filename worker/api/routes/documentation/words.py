"""What is said of the operations of more than one family."""

from __future__ import annotations

JOB_ID = "0b9f3c5e-8a52-4d0c-9c5e-6f1f6f2f8b11"
NEXT_PAGE = {"cursor": "$response.body#/next_cursor"}  # where it is null, no page follows
RUNPOD_ID = "c80ffee4-f315-4e25-a146-0f3d98cf024b-u1"
NO_DATABASE = "No database is configured (`supabase_not_configured`)"
DATABASE_DOWN = "The database, or the key server that proves the caller, does not answer; try again"
NO_SECRET = "No webhook secret is configured"  # noqa: S105 - a sentence, not a secret
NO_JOB = "There is no such job, or it is somebody else's"
NOT_PROVEN = "The caller could not be proven"
NO_CREDITS = "The account has not enough credits"
TOO_MANY_JOBS = "The user has as many unfinished jobs as the plan allows"
REFUSED = (
    "RunPod refused, or did not answer in time; the job is stored as `error` and its credits are refunded"
)
