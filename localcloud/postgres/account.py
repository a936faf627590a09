"""The operating system account PostgreSQL runs under, because it refuses to run as root."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNPRIVILEGED = "nobody"

# linux/prctl.h, linux/capability.h
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1


@dataclass(frozen=True)
class Account:
    """A user and group to run as; `drops` says that we are root and must become it."""

    uid: int
    gid: int
    drops: bool


def choose(folder: Path) -> Account:
    """The account for data below `folder`: ourselves, or as root the folder's owner, or nobody.

    The owner comes first so that one `sudo make up` does not lock the owner out of the database.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), drops=False)
    owner = folder.stat().st_uid
    entry = _entry(owner) if owner != 0 else None
    entry = entry or pwd.getpwnam(UNPRIVILEGED)
    return Account(entry.pw_uid, entry.pw_gid, drops=True)


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)  # initdb looks its own name up and fails without an entry
    except KeyError:
        return None


def become(account: Account) -> Callable[[], None]:
    """What a child must do between fork and exec: take on the account, and end when we end."""

    def prepare() -> None:
        if account.drops:
            _drop(account)
        if sys.platform == "linux":
            # A kill -9 of ours must not leave a server behind. Changing the account clears this: so, last.
            _libc().prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)

    return prepare


def _drop(account: Account) -> None:
    linux = sys.platform == "linux"
    if linux:
        _libc().prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    if linux:
        _keep_entering_closed_folders()


def _keep_entering_closed_folders() -> None:
    """Let a checkout below a folder closed to others (such as /root) work without opening that folder.

    Best effort: where the kernel says no, PostgreSQL itself reports the folder it cannot enter.
    """

    class Header(ctypes.Structure):
        _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))

    class Data(ctypes.Structure):
        _fields_ = (
            ("effective", ctypes.c_uint32),
            ("permitted", ctypes.c_uint32),
            ("inheritable", ctypes.c_uint32),
        )

    bit = 1 << CAP_DAC_OVERRIDE
    capabilities = (Data * 2)(Data(bit, bit, bit), Data(0, 0, 0))
    _libc().capset(ctypes.byref(Header(CAPABILITY_VERSION_3, 0)), capabilities)
    _libc().prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
