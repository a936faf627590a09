"""The database process: how it starts, ends, and comes back after what it did not expect."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from localcloud import config

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # a server process of a connection that is closed
        return ""


def test_without_settings_it_ends_and_says_what_to_do(cloud: Cloud) -> None:
    config.path_of(cloud.state).unlink()
    assert cloud.launch("postgres").wait(20) == 2
    assert "make up" in cloud.log("postgres")


def test_a_taken_port_is_named_and_nothing_is_lost(cloud: Cloud) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", cloud.config.ports.postgres))
        other.listen()
        assert cloud.launch("postgres").wait(30) == 1
    assert f"Port {cloud.config.ports.postgres} on 127.0.0.1 cannot be used" in cloud.log("postgres")
    cloud.start("postgres")


def test_a_second_process_on_the_same_files_ends_and_the_first_keeps_serving(cloud: Cloud) -> None:
    first = cloud.start("postgres")
    second = cloud.launch("postgres")
    assert second.wait(20) == 1
    assert "Another process already serves" in cloud.log("postgres")
    cloud.connect().close()
    cloud.processes["postgres"] = first


def test_an_interrupted_initdb_is_done_again(cloud: Cloud) -> None:
    half = cloud.config.data("postgres") / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    cloud.start("postgres")
    assert not half.exists()


def test_a_kill_leaves_no_server_behind_and_no_row_is_lost(cloud: Cloud) -> None:
    process = cloud.start("postgres")
    server = psutil.Process(process.pid).children()[0]
    with cloud.connect() as connection:
        connection.execute("create table kept as select 1 as one")
    process.kill()
    process.wait()
    cloud.start("postgres")
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    with cloud.connect() as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)


def test_a_crash_of_everything_is_recovered_from(cloud: Cloud) -> None:
    process = cloud.start("postgres")
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    with cloud.connect() as connection:
        connection.execute("create table kept as select 1 as one")
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    psutil.wait_procs(family)
    process.wait()
    cloud.start("postgres")
    with cloud.connect() as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)


def test_a_pid_file_that_names_somebody_else_is_no_hindrance(cloud: Cloud) -> None:
    process = cloud.start("postgres")
    process.terminate()
    process.wait(10)
    pid_file = cloud.config.data("postgres") / "cluster" / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as somebody:
        pid_file.write_text(f"{somebody.pid}\n")
        cloud.start("postgres")
        somebody.kill()


def test_it_ends_within_five_seconds_although_clients_are_connected(cloud: Cloud) -> None:
    process = cloud.start("postgres")
    with cloud.connect():
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def test_when_the_server_dies_the_process_ends_and_says_so_by_its_code(cloud: Cloud) -> None:
    process = cloud.start("postgres")
    psutil.Process(process.pid).children()[0].send_signal(signal.SIGINT)
    assert process.wait(10) == 1


def test_only_the_password_opens_it_and_no_command_line_shows_it(cloud: Cloud) -> None:
    process = cloud.start("postgres")
    port = cloud.config.ports.postgres
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres password=wrong")
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    password = cloud.config.secrets.postgres_password
    assert not [member for member in family if password in _command_line(member)]
    assert password not in cloud.log("postgres")


def test_a_new_password_in_the_settings_holds_from_the_next_start(cloud: Cloud) -> None:
    process = cloud.start("postgres")
    process.terminate()
    process.wait(10)
    secrets = replace(cloud.config.secrets, postgres_password="it's another")
    cloud.config = replace(cloud.config, secrets=secrets)
    config.save(cloud.config)
    cloud.start("postgres")
    cloud.connect(user="authenticator").close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must become somebody else")
def test_as_root_the_server_runs_as_nobody_below_a_folder_closed_to_others(cloud: Cloud) -> None:
    assert cloud.state.stat().st_mode & 0o077 == 0
    process = cloud.start("postgres")
    assert psutil.Process(process.pid).children()[0].uids().real != 0


def test_it_listens_on_loopback_alone(cloud: Cloud) -> None:
    process = cloud.start("postgres")
    server = psutil.Process(process.pid).children()[0]
    listening = [c.laddr for c in server.net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", cloud.config.ports.postgres)]


def test_the_roles_are_those_of_a_supabase_project(cloud: Cloud) -> None:
    cloud.start("postgres")
    query = """
        select rolname, rolcanlogin, rolsuper, rolbypassrls from pg_roles
        where rolname !~ '^pg_' order by rolname
    """
    with cloud.connect() as connection:
        assert connection.execute(query).fetchall() == [
            ("anon", False, False, False),
            ("authenticated", False, False, False),
            ("authenticator", True, False, False),
            ("postgres", True, False, True),
            ("service_role", False, False, True),
            ("supabase_admin", True, True, True),
            ("supabase_auth_admin", True, False, False),
        ]
