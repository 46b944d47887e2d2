"""Where the services of this checkout live: folders, port, account, settings. Asked for here and nowhere else.

Everything that runs keeps its files in one state folder (``state`` in the checkout, or ``$TWOMASS_STATE``)::

    state/postgresql/   the database cluster           state/log/    what the servers said
    state/gavo/         the root folder of DaCHS       state/run/    pid file; the database's socket
    state/gavo.rc       etc/gavo.rc with what only this machine knows filled in
"""

import configparser
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from processing.errors import SurveyError

CHECKOUT = Path(__file__).resolve().parents[2]
ETC = CHECKOUT / "etc"
ACCOUNT = "twomass"
"""The unprivileged account that runs the servers when root starts them."""

OWN_FOLDER = 'install -d -m "$0" "$1" && { test -O "$1" || { echo "somebody else owns it"; exit 1; }; }'
"""Shell text that makes the folder $1 with mode $0, or fails when it is there and not one's own."""

LEAST_DISK = 500
"""MB: room for what a database writes while it runs; with none left it stops in the middle of things."""

LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
"""Bytes of a folder's path that leave room for the socket's name in the kernel's sockaddr_un."""


@dataclass(frozen=True)
class Site:
    """The places and settings of one installation; nothing is made or changed by asking."""

    state: Path
    port_override: int | None = None
    worker: int = 0
    """Which of several servers over the same database and files; each has a port, settings, a pid file and logs."""

    @property
    def cluster(self):
        """Data folder of the PostgreSQL cluster."""
        return self.state / "postgresql"

    @property
    def gavo(self):
        """Root folder of DaCHS."""
        return self.state / "gavo"

    @property
    def inputs(self):
        """Where DaCHS looks for resource descriptors."""
        return self.gavo / "inputs"

    @property
    def python(self):
        """Where DaCHS finds the package ``processing``: a copy, since it may not be able to read the checkout."""
        return self.gavo / "python"

    @property
    def log(self):
        return self.state / "log"

    @property
    def run(self):
        return self.state / "run"

    @property
    def gavo_rc(self):
        """The settings that the running DaCHS reads."""
        return self.state / f"gavo{self.suffix}.rc"

    @property
    def suffix(self):
        """What the names of a worker's own files have; the first has nothing."""
        return f"-{self.worker}" if self.worker else ""

    @property
    def socket_folder(self):
        """Folder of the database's Unix socket: ``run``, or a short one among temporary files when that is too long."""
        if len(os.fsencode(self.run)) <= LONGEST_SOCKET_FOLDER:
            return self.run
        return Path(tempfile.gettempdir()) / f"twomass-{hashlib.sha256(os.fsencode(self.state)).hexdigest()[:16]}"

    @cached_property
    def account(self):
        """The password-database entry of whoever runs the servers; SurveyError when that cannot be."""
        return _account(self.state)

    @cached_property
    def settings(self):
        """``etc/gavo.rc`` as a ConfigParser."""
        return read_settings(ETC / "gavo.rc")

    @property
    def port(self):
        """The port of the web server that a start would use."""
        return (self.port_override or self.settings.getint("web", "serverPort", fallback=8080)) + self.worker

    @property
    def url(self):
        """The address at which this machine reaches the server, without a slash at the end."""
        bind = self.settings.get("web", "bindAddress", fallback="127.0.0.1")
        return f"http://{'127.0.0.1' if bind in ('', '0.0.0.0') else bind}:{self.port}"

    def dsn(self, user="postgres", database="gavo"):
        """Connection string for psycopg, adbc and DaCHS: the private socket, no password."""
        return f"host={self.socket_folder} port=5432 user={user} dbname={database}"

    @property
    def environment(self):
        """Environment of every command that the account runs; of the caller's, TWOMASS_STOCK alone is handed on."""
        stock = {"TWOMASS_STOCK": "1"} if os.environ.get("TWOMASS_STOCK") == "1" else {}  # see answer/launch.py
        return stock | {
            "HOME": str(self.state), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "MPLBACKEND": "Agg",
            "GAVOSETTINGS": str(self.gavo_rc), "GAVOCUSTOM": str(self.state / "no-other-settings"),
            "PYTHONPATH": str(self.python), "TMPDIR": tempfile.gettempdir(),
        }


def site():
    """The site of this checkout, as the environment variables TWOMASS_STATE and TWOMASS_PORT modify it."""
    folder = os.environ.get("TWOMASS_STATE") or CHECKOUT / "state"
    return Site(Path(folder).absolute(), _port(os.environ.get("TWOMASS_PORT")))


def _port(text):
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SurveyError(f"TWOMASS_PORT is {text!r}, expected a number from 1 to 65535")
    return int(text)


def read_settings(path):
    """A DaCHS settings file as a ConfigParser that keeps the case of keys; SurveyError when it cannot be read."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    try:
        parser.read_string(Path(path).read_text())
    except (OSError, configparser.Error) as error:
        raise SurveyError(f"{path}: cannot be read as settings of DaCHS: {error}") from error
    return parser


def _account(state):
    """Owner of the state folder; before there is one, the caller, or for root the account ``twomass``."""
    caller = os.getuid()
    owner = state.stat().st_uid if state.exists() else caller
    if caller not in (0, owner):
        raise SurveyError(f"{state} belongs to {pwd.getpwuid(owner).pw_name}: run this as that user or with sudo")
    if owner != 0:
        return pwd.getpwuid(owner)
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return _made_account()


def _made_account():
    command = ["/usr/sbin/useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
               "--shell", "/usr/sbin/nologin", ACCOUNT]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        raise SurveyError(f"the account {ACCOUNT}, which runs the servers when root starts them, cannot be made: "
                          f"{made.stderr.strip()}")
    return pwd.getpwnam(ACCOUNT)


def identity(place):
    """Keyword arguments that make a subprocess run as the account; none when the caller is the account."""
    if os.getuid() == place.account.pw_uid:
        return {}
    return {"user": place.account.pw_uid, "group": place.account.pw_gid, "extra_groups": []}


def as_account(command, place=None, check=True, **options):
    """Run ``command`` (a list) as the account in the state folder and return the CompletedProcess with its text.

    SurveyError with the command's last lines when it fails (unless ``check`` is false); further ``options``
    are subprocess.run's.
    """
    place = place or site()
    words = [str(word) for word in command]
    options = {"cwd": place.state, "env": place.environment, "stdin": subprocess.DEVNULL, "text": True,
               "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **identity(place), **options}
    if "input" in options:
        del options["stdin"]
    done = subprocess.run(words, **options)
    if check and done.returncode:
        said = done.stdout or ""
        said = said.decode(errors="replace") if isinstance(said, bytes) else said
        last = "\n".join(said.strip().splitlines()[-12:])
        raise SurveyError(f"{' '.join(words[:4])} failed with exit status {done.returncode}:\n{last}")
    return done


def prepare(place):
    """Make the folders; SurveyError when the account cannot use them.

    Root makes only the state folder itself: what is in it belongs to the account, which might put a link in the way.
    """
    _make_state(place)
    account = place.account.pw_name
    if as_account(["test", "-w", place.state], place, check=False, cwd="/").returncode:
        raise SurveyError(f"the account {account}, which runs the servers for root, cannot reach {place.state}: move "
                          "the checkout to a place that all can read (such as /srv), or run this as an ordinary user")
    for mode, folder in (("755", place.log), ("700", place.run), ("700", place.socket_folder)):
        made = as_account(["sh", "-c", OWN_FOLDER, mode, folder], place, check=False)
        if made.returncode:
            raise SurveyError(f"{folder} cannot be used by the account {account}: {made.stdout.strip()}")


def _make_state(place):
    account = place.account
    try:
        place.state.mkdir(parents=True, mode=0o755, exist_ok=True)
        if place.state.lstat().st_uid != account.pw_uid:
            os.chown(place.state, account.pw_uid, account.pw_gid, follow_symlinks=False)
    except OSError as error:
        raise SurveyError(f"{place.state} cannot be made: {error.strerror}") from error


def check_disk(place):
    """SurveyError when the state folder's disk is nearly full."""
    free = shutil.disk_usage(place.state).free // 1_000_000
    if free < LEAST_DISK:
        raise SurveyError(f"too little disk: {free} MB free at {place.state}, "
                          f"{LEAST_DISK} MB are needed to run the servers")
