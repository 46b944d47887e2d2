"""What /proc tells about processes, against processes made here."""

import os
import socket
import subprocess
import sys

from processing.publish.processes import command_line, end, environment, listener, pid_in, wait_until


def test_the_holder_of_a_port_is_found_by_pid():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert listener(port) is None  # bound is not listening
        holder.listen()
        assert listener(port) == os.getpid()
    assert listener(port) is None


def test_a_process_that_ignores_the_request_is_forced_to_end():
    code = ("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
            "print('ready', flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as stubborn:
        stubborn.stdout.readline()
        end(stubborn.pid, lambda: stubborn.poll() is None, patience=0.3)
        assert stubborn.wait(5) == -9


def test_nothing_is_signalled_that_is_not_ours():
    with subprocess.Popen(["sleep", "60"]) as other:
        end(other.pid, lambda: False)
        assert other.poll() is None
        other.kill()


def test_a_process_tells_its_words_and_environment_until_it_ends():
    with subprocess.Popen(["sleep", "60"], env={"MARK": "here"}) as process:
        assert wait_until(lambda: command_line(process.pid) == ["sleep", "60"], 5)
        assert environment(process.pid)["MARK"] == "here"
        process.kill()
        process.wait()
        assert command_line(process.pid) == [] and environment(process.pid) == {}


def test_a_pid_file_that_is_missing_or_broken_is_no_pid(tmp_path):
    assert pid_in(tmp_path / "none") is None
    for text, expected in (("", None), ("words\n", None), ("12\nmore\n", 12)):
        (tmp_path / "pid").write_text(text)
        assert pid_in(tmp_path / "pid") == expected
