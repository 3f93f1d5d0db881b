"""Attempts to get out of the sandbox, each of which must fail. What is tried is tried for real."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from datagen.errors import RecipeError
from datagen.sandbox import Bind, Finished, Limits, Sandbox, kill, run, start

MIB = 1 << 20


def usable() -> bool:
    try:
        Sandbox().require()
    except RecipeError:
        return False
    return True


pytestmark = pytest.mark.skipif(not usable(), reason="no sandbox on this machine")


@pytest.fixture
def workspace() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def is_missing(path: str) -> bool:
    return not os.path.exists(path)


def share(folder: str) -> None:
    os.chmod(folder, 0o777)
    Path(folder, "given").write_text("given")


async def shell(script: str, workspace: Path | None = None, **limits: float) -> Finished:
    sandbox = Sandbox(Limits(**{"seconds": 20.0, **limits}))  # type: ignore[arg-type]
    return await run(sandbox, ["sh", "-c", script], workspace=workspace)


async def python(script: str, workspace: Path | None = None, **limits: float) -> Finished:
    sandbox = Sandbox(Limits(**{"seconds": 20.0, **limits}))  # type: ignore[arg-type]
    return await run(sandbox, ["python3", "-c", script], workspace=workspace)


async def test_the_command_runs_and_its_workspace_is_what_it_leaves(workspace: Path) -> None:
    done = await shell("echo made > made.txt; echo out; echo err >&2; exit 7", workspace)

    assert (done.code, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    assert (workspace / "made.txt").read_text() == "made\n"


MACHINE = [
    path
    for path in (
        "/etc/shadow",
        "/etc/hostname",
        "/var/log",
        "/home",
        "/run",
        "/sys",
        "/srv",
        "/mnt",
    )
    if os.path.exists(path)
]


@pytest.mark.parametrize("path", MACHINE)
async def test_the_machine_s_files_are_not_there(path: str) -> None:
    done = await shell(f"ls {path}")

    assert done.code != 0


async def test_the_home_holds_nothing_but_an_interpreter() -> None:
    home = Path.home()
    done = await shell(f"find {home} -maxdepth 1 -mindepth 1")

    seen = {Path(line).name for line in done.stdout.decode().splitlines()}
    assert seen <= {Path(sys.base_prefix).relative_to(home).parts[0]} if seen else True
    assert not seen & {".ssh", ".bashrc", ".config", ".cache", ".npmrc", ".netrc"}


@pytest.mark.parametrize("target", ["/usr/x", "/bin/x", "/etc/x", "/x", "/dev/x", "/proc/x"])
async def test_nothing_outside_the_workspace_can_be_written(target: str, workspace: Path) -> None:
    done = await shell(f"echo x > {target}", workspace)

    assert done.code != 0
    assert is_missing(target)


async def test_the_python_that_is_seen_cannot_be_written() -> None:
    done = await python("import os, json; open(json.__file__, 'a').write('#')")

    assert done.code != 0


@pytest.mark.parametrize(
    "attempt",
    [
        "mount -o remount,rw,bind /usr",
        "mount -t tmpfs none /workspace",
        "umount /usr",
        "unshare --user true",
        "unshare --user --map-root-user true",
        "unshare --mount true",
        "unshare --net true",
        "mknod /tmp/sda b 8 0",
        "chroot /tmp /bin/true",
        "setpriv --reuid 0 true",
        "chown 0:0 /workspace",
        "nsenter --target 1 --user --mount true",
        "echo 0 > /proc/sys/vm/overcommit_memory",
        "echo b > /proc/sysrq-trigger",
        "echo 100 > /proc/sys/user/max_user_namespaces",
        "hostname taken",
        "ulimit -n 4096",
        "prlimit --nproc=100000 true",
        "dmesg --clear",
    ],
)
async def test_no_more_rights_are_to_be_had(attempt: str, workspace: Path) -> None:
    done = await shell(attempt, workspace)

    assert done.code != 0, done.stdout


async def test_there_are_no_capabilities() -> None:
    done = await shell("grep -E '^(Cap|NoNewPrivs)' /proc/self/status")

    found = dict(line.split(":\t") for line in done.stdout.decode().splitlines())
    assert found.pop("NoNewPrivs") == "1"
    assert {int(value, 16) for value in found.values()} == {0}


async def test_a_setuid_file_gives_nothing(workspace: Path) -> None:
    script = "cp /usr/bin/id i; chmod 4755 i; ./i -u"

    done = await shell(script, workspace)

    assert done.stdout.strip() != b"0"
    if os.geteuid() == 0:
        assert (workspace / "i").stat().st_uid != 0


async def test_processes_outside_are_neither_seen_nor_signalled() -> None:
    victim = await asyncio.create_subprocess_exec("sleep", "30")
    try:
        script = f"kill -9 {victim.pid}; kill -9 -1; ls /proc | grep -c '^[0-9]'"
        done = await shell(f"ls /proc | grep '^[0-9]' | wc -l; {script}")

        assert int(done.stdout.split()[0]) < 10
        assert victim.returncode is None
    finally:
        victim.kill()
        assert await victim.wait() == -signal.SIGKILL


async def test_the_first_process_has_no_more_rights_than_any_other() -> None:
    script = "for p in 1 self; do grep -E '^(Cap|NoNewPrivs|Uid|Gid)' /proc/$p/status; echo; done"

    first, other, _ = (await shell(script)).stdout.split(b"\n\n")

    assert first == other


async def test_the_first_process_holds_no_file_of_the_machine() -> None:
    done = await shell("ls -l /proc/1/fd; ls /proc/1/root/home /proc/1/root/etc/shadow")

    links = [line.split(b" -> ")[1] for line in done.stdout.splitlines() if b" -> " in line]
    assert all(link.startswith((b"pipe:", b"anon_inode:", b"/dev/null")) for link in links)
    assert done.code != 0


async def test_the_environment_holds_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARVEST_SECRET", "s3cr3t-of-the-host")

    done = await shell("env; cat /proc/*/environ; cat /proc/*/cmdline")

    assert b"PATH=" in done.stdout
    assert b"s3cr3t" not in done.stdout


async def test_inherited_files_are_closed(workspace: Path) -> None:
    secret = workspace / "secret"
    secret.write_text("s3cr3t")
    with secret.open() as file:
        os.set_inheritable(file.fileno(), True)

        done = await shell("for f in 3 4 5 6 7 8 9; do cat <&$f; done; ls /proc/self/fd /proc/1/fd")

    assert b"s3cr3t" not in done.stdout


async def test_a_socket_of_the_machine_is_not_reachable(workspace: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/host.sock"
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as abstract:
            server.bind(address)
            server.listen()
            abstract.bind("\0datagen-escape")
            abstract.listen()
            script = (
                "import socket\n"
                f"for address in ({address!r}, '\\0datagen-escape'):\n"
                "    try: socket.socket(socket.AF_UNIX).connect(address); print('in')\n"
                "    except OSError: print('refused')\n"
            )
            done = await python(script, workspace)

    assert done.stdout.split() == [b"refused", b"refused"]


async def test_loopback_of_the_machine_is_another() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)"

        done = await python(script)

    assert done.code == 1
    assert b"ConnectionRefusedError" in done.stderr


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), 3)",
        "socket.create_connection(('169.254.169.254', 80), 3)",
        "socket.getaddrinfo('datagen.invalid', 80)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    ],
)
async def test_there_is_no_network(attempt: str) -> None:
    done = await python(f"import socket; {attempt}")

    assert done.code == 1
    assert any(word in done.stderr for word in (b"unreachable", b"not permitted", b"resolution"))


async def test_only_loopback_is_there() -> None:
    done = await python("import socket; print([name for _, name in socket.if_nameindex()])")

    assert done.stdout.strip() == b"['lo']"


async def test_forks_are_limited_and_the_machine_goes_on() -> None:
    script = (
        "import os, time\nn = 0\n"
        "try:\n"
        "    while n < 500:\n"
        "        if os.fork() == 0: time.sleep(30)\n"
        "        n += 1\n"
        "except BlockingIOError: pass\n"
        "print(n, flush=True)\nos.kill(0, 9)\n"
    )

    done = await python(script, processes=40)

    assert 20 < int(done.stdout) < 40
    assert (await shell("echo on")).stdout == b"on\n"


async def test_two_sandboxes_do_not_share_the_limit_of_processes() -> None:
    hold = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 3 & done; sleep 1; echo all"

    both = await asyncio.gather(*(shell(hold, processes=20) for _ in range(3)))

    assert [done.stdout for done in both] == [b"all\n"] * 3


async def test_memory_is_limited() -> None:
    done = await python("b = bytearray(700 << 20); print('got')", data_bytes=256 * MIB)

    assert done.code != 0
    assert b"MemoryError" in done.stderr


async def test_a_file_cannot_grow_without_end(workspace: Path) -> None:
    done = await shell("head -c 50000000 /dev/zero > big", workspace, file_bytes=10 * MIB)

    assert done.code != 0
    assert (workspace / "big").stat().st_size <= 10 * MIB


async def test_many_files_cannot_fill_the_disk(workspace: Path) -> None:
    script = "i=0; while :; do head -c 4000000 /dev/zero > f$i; i=$((i+1)); done"

    done = await shell(script, workspace, disk_bytes=20 * MIB)

    assert done.overfull
    assert not done.timed_out


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
async def test_memory_files_are_limited(folder: str) -> None:
    script = f"for i in 1 2 3 4 5 6; do head -c 8000000 /dev/zero > {folder}/f$i || exit 9; done"

    done = await shell(script, tmp_bytes=20 * MIB)

    assert done.code == 9
    assert b"No space left" in done.stderr


async def test_a_link_out_of_the_workspace_leads_nowhere(workspace: Path) -> None:
    (workspace / "by_host").symlink_to("/etc/shadow")
    (workspace / "up").symlink_to("../../../../..")

    done = await shell(
        "cat by_host up/etc/shadow; ln -s /etc/shadow s; cat s; ln /usr/bin/id hard", workspace
    )

    assert done.code != 0
    assert done.stdout == b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_giving_the_workspace_away_gives_nothing_else(workspace: Path) -> None:
    with tempfile.TemporaryDirectory(dir=workspace.parent) as folder:
        outside = Path(folder) / "outside"
        outside.write_text("mine")
        os.link(outside, workspace / "hard")
        (workspace / "soft").symlink_to(outside)

        await shell("chmod 777 soft hard; echo taken > soft; echo taken > hard", workspace)

        assert outside.read_text() == "mine"
        assert outside.stat().st_uid == 0


@pytest.mark.parametrize("folder", ["/", "/usr", "/etc", "/var", str(Path.home()), "/tmp"])
def test_a_folder_that_others_need_is_no_workspace(folder: str) -> None:
    with pytest.raises(RecipeError, match="too much"):
        Sandbox().command(["true"], workspace=Path(folder))


async def test_the_time_limit_ends_daemons_too(workspace: Path) -> None:
    script = (
        "import os, time\n"
        "if os.fork(): time.sleep(60)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "while True:\n"
        "    open('alive', 'a').write('x'); time.sleep(0.05)\n"
    )

    done = await python(script, workspace, seconds=2.0)
    size = (workspace / "alive").stat().st_size
    await asyncio.sleep(0.5)

    assert done.timed_out
    assert 2.0 <= done.seconds < 5.0
    assert size > 0
    assert (workspace / "alive").stat().st_size == size


async def test_a_command_that_ends_leaves_no_daemon(workspace: Path) -> None:
    script = "(setsid sh -c 'while :; do echo x >> alive; sleep 0.05; done' &) ; sleep 0.3"

    done = await shell(script + "; exec >&- 2>&-; exit 0", workspace, seconds=5.0)
    size = (workspace / "alive").stat().st_size
    await asyncio.sleep(0.5)

    assert done.seconds < 6.0
    assert (workspace / "alive").stat().st_size == size


async def test_signals_can_be_ignored_but_not_the_limit() -> None:
    script = (
        "import signal, time\nfor s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)\ntime.sleep(60)"
    )

    done = await python(script, seconds=1.0)

    assert done.timed_out
    assert done.seconds < 4.0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_endless_output_is_cut_and_ends_the_command(stream: str) -> None:
    script = f"import sys\nwhile True: sys.{stream}.write('x' * 100000)"

    done = await python(script, output_bytes=MIB)

    assert done.flooded
    assert not done.timed_out
    assert len(getattr(done, stream)) == MIB


async def test_processor_time_is_limited() -> None:
    done = await python("while True: pass", cpu_s=1)

    assert done.code in (137, 152)
    assert not done.timed_out


async def test_killing_the_process_of_the_caller_ends_what_runs_inside(workspace: Path) -> None:
    line = Sandbox().command(
        ["sh", "-c", "while :; do echo x >> alive; sleep 0.05; done"], workspace=workspace
    )
    process = await start(line)
    await asyncio.sleep(1.0)
    os.kill(process.pid, signal.SIGKILL)
    await kill(process)
    size = (workspace / "alive").stat().st_size
    await asyncio.sleep(0.3)

    assert (workspace / "alive").stat().st_size == size


async def test_a_bound_folder_is_read_only_unless_said(workspace: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        share(folder)
        binds = [Bind(Path(folder), "/given")]

        done = await run(
            Sandbox(), ["sh", "-c", "cat /given/given; echo x > /given/x"], binds=binds
        )

        assert done.stdout == b"given"
        assert done.code != 0
        assert os.listdir(folder) == ["given"]


def test_a_bound_path_that_is_missing_is_named() -> None:
    with pytest.raises(RecipeError, match="/no/such"):
        Sandbox().command(["true"], binds=[Bind(Path("/no/such"), "/x")])


async def test_a_program_that_is_missing_is_the_command_s_failure() -> None:
    done = await run(Sandbox(), ["no-such-program"])

    assert done.code == 127
    assert b"no-such-program" in done.stderr


async def test_ten_starts_take_less_than_five_seconds() -> None:
    began = time.monotonic()
    for _ in range(10):
        await run(Sandbox(), ["true"])

    assert time.monotonic() - began < 5.0
