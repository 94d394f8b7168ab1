"""The private cluster: real servers in folders of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from lienthong.kernel.problem import Unavailable
from lienthong.store import cluster_install
from lienthong.store.cluster import EXTENSIONS, Cluster

NOBODY = 65534
START = (
    "import sys; from pathlib import Path; from lienthong.store.cluster import Cluster;"
    "print(Cluster(Path(sys.argv[1]), 'test').start())"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="shows what root can do")


@pytest.fixture(scope="module")
def area() -> Iterator[Path]:
    """A folder that every account can enter (pytest's own is closed to all but its user)."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lt-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def make(area: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes clusters that are stopped at the end."""
    made: list[Cluster] = []

    def new(*parts: str, profile: str = "test") -> Cluster:
        home = Path(tempfile.mkdtemp(dir=area))
        home.chmod(0o755)
        made.append(Cluster(home.joinpath(*parts), profile))
        return made[-1]

    yield new
    for cluster in made:
        cluster.stop()


@pytest.fixture(scope="module")
def shared(area: Path) -> Iterator[Cluster]:
    """A running cluster as it serves, for the tests that leave it running."""
    cluster = Cluster(area / "shared")
    cluster.start()
    yield cluster
    cluster.stop()


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row[0]


def port_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.info.port


def root_of(cluster: Cluster) -> Path:
    return cluster.log.parent.parent


def postmaster(cluster: Cluster) -> int:
    return int((root_of(cluster) / "data" / "postmaster.pid").read_text().split()[0])


def test_database_is_ready_for_vietnamese_and_maps(shared: Cluster) -> None:
    url = shared.url()
    names = value(url, "SELECT array_agg(extname::text) FROM pg_extension")
    assert isinstance(names, list)
    assert set(EXTENSIONS) <= set(names)
    assert value(url, "SELECT daticulocale FROM pg_database WHERE datname = 'lienthong'") == "vi-VN"
    assert value(url, "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'lienthong'") == "UTF8"
    assert value(url, "SHOW data_checksums") == "on"
    assert value(url, "SELECT array_agg(w ORDER BY w) FROM unnest('{đò,do,dz}'::text[]) w") == [
        "do",
        "dz",
        "đò",
    ]


def test_start_is_idempotent_and_a_restart_keeps_port_and_data(make: Callable[..., Cluster]) -> None:
    cluster = make(profile="serve")
    assert not cluster.running
    url = cluster.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    before = postmaster(cluster)
    assert cluster.start() == url
    assert postmaster(cluster) == before
    cluster.stop()
    cluster.stop()
    assert not cluster.running
    assert cluster.start() == url
    assert value(url, "SELECT answer FROM kept") == 42


def test_secrets_belong_to_the_caller_alone(shared: Cluster) -> None:
    for name in ("secret", "lock", "data"):
        assert (root_of(shared) / name).stat().st_mode & 0o077 == 0, name
    assert shared.log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("host", ["socket", "127.0.0.1"])
def test_nobody_enters_without_the_password(shared: Cluster, host: str) -> None:
    where = {"host": host} if host != "socket" else {}
    assert psycopg.connect(shared.url(), **where).info.host
    for wrong in ("", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(shared.url(), password=wrong, passfile="/dev/null", **where)


def test_a_role_gets_the_password_that_its_url_carries(shared: Cluster) -> None:
    with psycopg.connect(shared.url(), autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{shared.password('reader')}'")
    assert value(shared.url(user="reader"), "SELECT current_user") == "reader"
    assert shared.password("reader") != shared.password("postgres")


def test_only_this_machine_is_listened_to(shared: Cluster, make: Callable[..., Cluster]) -> None:
    assert value(shared.url(), "SHOW listen_addresses") == "127.0.0.1"
    assert value(make().start(), "SHOW listen_addresses") == ""


def test_log_keeps_peoples_data_out(shared: Cluster) -> None:
    with psycopg.connect(shared.url(), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE person (citizen text PRIMARY KEY)")
        connection.execute("INSERT INTO person VALUES ('001099012345')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES ('001099012345')")
    log = shared.log.read_text()
    assert "person_pkey" in log
    assert "001099012345" not in log


def test_databases_come_and_go(shared: Cluster) -> None:
    name = 'odd "name"; --'
    url = shared.create_database(name)
    assert value(url, "SELECT ST_SRID(ST_SetSRID(ST_MakePoint(106.7, 21.8), 4326))") == 4326
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE seed AS SELECT 7 AS n")
    copy = shared.create_database("copy", template=name)
    assert value(copy, "SELECT n FROM seed") == 7
    with pytest.raises(psycopg.errors.DuplicateDatabase):
        shared.create_database("copy")
    with psycopg.connect(copy):  # a connection does not keep it
        shared.drop_database("copy")
    shared.drop_database("copy")
    shared.drop_database(name)
    assert value(shared.url(), "SELECT count(*) FROM pg_database WHERE datname NOT LIKE 'template%'") == 2


def test_recovers_after_the_server_was_killed(make: Callable[..., Cluster]) -> None:
    cluster = make(profile="serve")
    url = cluster.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    os.kill(postmaster(cluster), signal.SIGKILL)
    assert value(cluster.start(), "SELECT count(*) FROM kept") == 1000


def test_a_pid_file_that_names_another_server_is_no_obstacle(make: Callable[..., Cluster], shared: Cluster) -> None:
    cluster = make()
    cluster.start()
    data = root_of(cluster) / "data"
    left = (data / "postmaster.pid").read_text().split("\n", 1)[1]
    cluster.stop()
    (data / "postmaster.pid").write_text(f"{postmaster(shared)}\n{left}")
    assert not cluster.running
    assert value(cluster.start(), "SELECT 1") == 1


def test_a_copy_of_a_running_folder_is_a_cluster_of_its_own(make: Callable[..., Cluster], area: Path) -> None:
    original = make(profile="serve")
    url = original.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    shutil.copytree(root_of(original), area / "copy" / "pg", ignore=lambda _, names: [n for n in names if n[0] == "."])
    copy = Cluster(area / "copy")
    assert not copy.running
    try:
        copied = copy.start()
        assert port_of(copied) != port_of(url)
        assert value(copied, "SHOW data_directory") == str(area / "copy" / "pg" / "data")
        assert original.running
    finally:
        copy.stop()
    assert original.running
    assert value(url, "SELECT 1") == 1


def test_a_first_start_that_was_killed_leaves_no_half(make: Callable[..., Cluster]) -> None:
    cluster = make()
    half = root_of(cluster) / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    assert value(cluster.start(), "SELECT 1") == 1
    assert not half.exists()


def test_a_first_start_that_was_killed_before_the_database_is_finished(make: Callable[..., Cluster]) -> None:
    cluster = make()
    cluster.start()
    cluster.drop_database("lienthong")
    assert value(cluster.start(), "SELECT postgis_lib_version() IS NOT NULL") is True


def test_many_may_start_at_once(make: Callable[..., Cluster]) -> None:
    cluster = make()
    home = root_of(cluster).parent
    starts = [
        subprocess.Popen([sys.executable, "-c", START, home], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    answers = [start.communicate(timeout=300) for start in starts]
    assert {start.returncode for start in starts} == {0}, answers
    assert {out.decode().strip() for out, _ in answers} == {cluster.url()}
    assert cluster.running


def test_path_too_long_for_a_socket(make: Callable[..., Cluster]) -> None:
    cluster = make("thư-mục-rất-dài" * 4, "x" * 60)
    with psycopg.connect(cluster.start()) as connection:
        assert len(connection.info.host) < 60
        assert connection.execute("SHOW data_directory").fetchone() == (str(root_of(cluster) / "data"),)
        sockets = Path(connection.info.host)
    cluster.stop()
    assert not sockets.exists()


def test_another_port_when_ours_was_taken_meanwhile(make: Callable[..., Cluster]) -> None:
    cluster = make(profile="serve")
    port = port_of(cluster.start())
    cluster.stop()
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", port))
        thief.listen()
        assert port_of(cluster.start()) != port


def test_a_server_that_cannot_start_says_why(make: Callable[..., Cluster]) -> None:
    cluster = make()
    cluster.start()
    cluster.stop()
    with (root_of(cluster) / "data" / "pg_hba.conf").open("a") as file:
        file.write("nonsense\n")
    with pytest.raises(Unavailable) as failure:
        cluster.start()
    assert "pg_hba.conf" in failure.value.detail.en
    assert failure.value.place == str(root_of(cluster))


def test_url_before_the_first_start_says_what_to_do(area: Path) -> None:
    with pytest.raises(Unavailable, match="lienthong db start"):
        Cluster(area / "never").url()


def as_nobody(action: Callable[[], object]) -> str:
    """Run `action` in a child that is an ordinary user; its result as text, or its traceback."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            answer = str(action())
        except BaseException:
            answer = traceback.format_exc()
        os.write(into, answer.encode())
        os._exit(0)
    os.close(into)
    os.waitpid(child, 0)
    with os.fdopen(out) as pipe:
        return pipe.read()


@as_root
def test_an_ordinary_user_needs_no_root(make: Callable[..., Cluster]) -> None:
    cluster = make("home")
    os.chown(root_of(cluster).parent.parent, NOBODY, NOBODY)

    def live() -> object:
        cluster.start()
        answer = value(cluster.url(), "SELECT postgis_lib_version()")
        cluster.stop()
        value(cluster.start(), "SELECT 1")
        cluster.stop()
        return answer, cluster.running

    assert as_nobody(live) == str((value_of_postgis(), False))
    assert (root_of(cluster) / "data").stat().st_uid == NOBODY


def value_of_postgis() -> str:
    """The version of PostGIS that the newest usable server has, by its control file."""
    binaries = cluster_install.find()
    assert binaries
    control = Path("/usr/share/postgresql") / binaries.parent.name / "extension" / "postgis.control"
    line = next(line for line in control.read_text().splitlines() if line.startswith("default_version"))
    return line.split("'")[1]


@as_root
def test_a_folder_of_another_user_is_refused(shared: Cluster) -> None:
    assert "Unavailable" in as_nobody(shared.start)
    assert shared.running


@as_root
def test_without_root_and_postgresql_the_command_is_told(area: Path) -> None:
    home = area / "future"
    (home / "pg" / "data").mkdir(parents=True)
    (home / "pg" / "data" / "PG_VERSION").write_text("99\n")
    answer = as_nobody(Cluster(home).ensure_installed)
    assert "Unavailable" in answer
    assert "apt-get install -y --no-install-recommends postgresql-99-postgis-3" in answer
    assert "LIENTHONG_DATABASE_URL" in answer


@as_root
@pytest.mark.parametrize("without", ["", "-dac_read_search"])
def test_root_in_a_closed_folder(area: Path, without: str) -> None:
    """A checkout under /root, which the account postgres cannot reach; in a container root can do less."""
    closed = area / f"closed{without}"
    closed.mkdir(mode=0o700)
    cluster = Cluster(closed / "home", "test")
    limit = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}", "--"] if without else []
    try:
        subprocess.run([*limit, sys.executable, "-c", START, closed / "home"], check=True)
        with psycopg.connect(cluster.url()) as connection:
            connection.execute("CREATE EXTENSION hstore")
            connection.execute("COPY (SELECT 1) TO '/dev/null'")
        cluster.stop()
        assert not cluster.running
        closed.chmod(0o755)
        assert value(cluster.start(), "SELECT 1") == 1
    finally:
        cluster.stop()


@as_root
def test_root_that_may_do_nothing_is_told_where_to_go(area: Path) -> None:
    closed = area / "shut"
    closed.mkdir(mode=0o700)
    limit = "-dac_read_search,-dac_override"
    program = ["setpriv", f"--bounding-set={limit}", f"--inh-caps={limit}", "--", sys.executable, "-c", START]
    result = subprocess.run([*program, closed / "home"], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "LIENTHONG_HOME" in result.stderr


@as_root
def test_installing_makes_no_cluster_of_debians(area: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = area / "seen"
    fake = area / "bin" / "apt-get"
    fake.parent.mkdir()
    fake.write_text(
        f"#!/bin/sh\ncat /etc/postgresql-common/createcluster.d/lienthong.conf >> {seen}\necho $* >> {seen}\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(Unavailable, match="postgresql-99-postgis-3"):
        cluster_install.install(99)  # the stand-in installs nothing
    told = seen.read_text().splitlines()
    assert told[0] == "create_main_cluster = false"
    assert told[1].startswith("install -y")
    assert told[1].endswith(" postgresql-99-postgis-3")
    assert not Path("/etc/postgresql-common/createcluster.d/lienthong.conf").exists()
