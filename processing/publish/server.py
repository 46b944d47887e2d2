"""The web server as a process: DaCHS in the background, in a session of its own, found again by its environment."""

import os
import signal
import subprocess
import urllib.error
import urllib.request
from dataclasses import replace

from processing.answer.limits import limits
from processing.errors import SurveyError
from processing.publish.processes import command_line, end, environment, listener, pid_in, wait_until
from processing.publish.site import as_account, identity, read_settings

PROGRAM = ["/usr/bin/python3", "-m", "processing.answer.launch", "serve", "start", "--foreground"]

PATIENCE = 60.0
"""Seconds that a start may take; it takes about three."""


def pid(place):
    """The pid of this site's running server, or None. A number that another program has by now does not count."""
    number = pid_in(_pid_file(place))
    return number if number and _is_ours(place, number) else None


def port(place):
    """The port that the server was last started with, or None before the first start."""
    if not place.gavo_rc.exists():
        return None
    return read_settings(place.gavo_rc).getint("web", "serverPort")


def check_port(place):
    """SurveyError when somebody else has the port; adopts our own server if its pid file got lost."""
    holder = listener(place.port)
    if holder is None:
        return
    if holder and _is_ours(place, holder):
        _write_pid(place, holder)
        return
    who = f"process {holder} ({' '.join(command_line(holder))[:80]})" if holder else "a process of another user"
    raise SurveyError(f"port {place.port} is taken by {who}: end it, or choose another port with "
                      "serverPort in etc/gavo.rc or TWOMASS_PORT=<number>")


def start(place):
    """Start the server and wait until it answers; SurveyError with the end of its log when it does not."""
    log = place.log / f"server{place.suffix}.log"
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'exec "$@" >>"$0" 2>&1', log, *PROGRAM], cwd=place.state, env=place.environment,
        stdin=subprocess.DEVNULL, start_new_session=True, **identity(place))
    _write_pid(place, process.pid)
    wait_until(lambda: process.poll() is not None or answers(place), PATIENCE, pause=0.2)
    if process.poll() is not None or not answers(place):
        _stop(place)
        last = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise SurveyError(f"the server does not answer at {place.url}; the last lines of {log}:\n{last}")


def stop(place):
    """End the server with all of its workers; whether one was running."""
    return any([_stop(worker) for worker in workers(place)])


def _stop(place):
    number = pid(place)
    if number:
        end(number, lambda: _is_ours(place, number))
    _pid_file(place).unlink(missing_ok=True)
    return number is not None


def reload(place):
    """Have the running server, if there is one, read its descriptors anew; what it is answering goes on."""
    for worker in workers(place):
        if number := pid(worker):
            os.kill(number, signal.SIGHUP)


def answers(place, seconds=5.0):
    """Whether the server says that its query service is available."""
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{place.url}/tap/availability", timeout=seconds) as response:
            return b"available>true<" in response.read()
    except (urllib.error.URLError, OSError):
        return False


def _is_ours(place, number):
    words = command_line(number)
    return "serve" in words and environment(number).get("GAVOSETTINGS") == str(place.gavo_rc)


def _write_pid(place, number):
    as_account(["tee", _pid_file(place)], place, input=f"{number}\n")


def _pid_file(place):
    return place.run / f"dachs{place.suffix}.pid"


def workers(place):
    """Every worker of a site that has been started, and those that a start would."""
    known = [int(path.stem.partition("-")[2] or 0) for path in place.run.glob("dachs*.pid")]
    return [replace(place, worker=number) for number in range(max([limits().work.workers - 1, *known]) + 1)]
