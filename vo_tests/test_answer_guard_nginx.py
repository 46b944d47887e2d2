"""The configuration for nginx in front of the server: nginx takes it, and does what its comments say."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from processing.publish.processes import wait_until
from processing.publish.site import ETC
from vo_tests.conftest import _free_port

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")
QUERY = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM twomass.psc", "FORMAT": "csv"}
FOLDERS = ("/var/log/nginx", "/var/lib/nginx", "/var/cache/nginx", "/run")


def start(folder, upstream):
    """nginx with the files of ``folder`` before a server on this port: its process and its address."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    port, text = _free_port(), (ETC / "nginx.conf").read_text()
    for place in FOLDERS:
        (folder / place.strip("/")).mkdir(parents=True, exist_ok=True)
        text = text.replace(f" {place}/", f" {folder}{place}/")
    assert "listen 80;    " in text and "server 127.0.0.1:8080 " in text
    text = text.replace("        listen 80;    ", f"        listen 127.0.0.1:{port};    ")
    file = folder / "nginx.conf"
    file.write_text(text.replace("127.0.0.1:8080 ", f"127.0.0.1:{upstream} "))
    checked = subprocess.run([NGINX, "-t", "-c", file], capture_output=True, text=True)
    assert checked.returncode == 0 and "warn" not in checked.stderr, checked.stderr
    running = subprocess.Popen([NGINX, "-c", file, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    assert wait_until(lambda: running.poll() is not None or answers(url), 10) and running.poll() is None
    return running, url


def answers(url):
    try:
        return requests.get(f"{url}/health", timeout=5).status_code
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def front(server, release, tmp_path_factory):
    running, url = start(server.folder / "nginx", server.place.port)
    yield url
    running.terminate()
    running.wait()


def test_a_query_is_answered_as_by_the_server_itself(server, front):
    direct, through = (requests.post(f"{url}/tap/sync", QUERY) for url in (server.url, front))
    assert through.text == direct.text and through.ok
    assert requests.get(f"{front}/health").text == "ok\n" and requests.get(f"{front}/tap/availability").ok


def test_a_table_is_compressed_if_the_client_takes_that(front):
    large = {**QUERY, "QUERY": "SELECT TOP 300 * FROM twomass.psc", "FORMAT": "votable/td"}
    assert requests.post(f"{front}/tap/sync", large).headers["content-encoding"] == "gzip"
    plain = requests.post(f"{front}/tap/sync", large, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_tiles_and_previews_are_kept(server, front):
    releases = server.place.inputs / "releases"
    tile = next(path for path in releases.glob("*/hips/colour/Norder*/Dir*/Npix*") if path.suffix in (".jpg", ".png"))
    inside = tile.relative_to(tile.parents[2])
    image = requests.get(f"{server.url}/tap/sync", {**QUERY, "QUERY": "SELECT TOP 1 access_url AS n FROM ivoa.obscore"})
    file = image.text.split()[1].partition("/getproduct/")[2]
    for path in (f"twomass/sky/colour/hips/{inside}", f"getproduct/{file}?preview=True"):
        direct = requests.get(f"{server.url}/{path}")
        first, second = (requests.get(f"{front}/{path}") for _ in range(2))
        assert direct.ok and first.content == second.content == direct.content
        assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    assert requests.get(f"{front}/getproduct/{file}").headers["x-cache"] == "BYPASS"


def test_a_body_that_is_too_large_is_413_in_a_votable(front):
    sent = requests.post(f"{front}/tap/sync", QUERY, files={"t": b"x" * 21_000_000})
    assert sent.status_code == 413 and 'value="ERROR"' in sent.text and "20 MB" in sent.text


def test_who_asks_too_much_is_429_and_told_when_to_come_again(front):
    with ThreadPoolExecutor(24) as clients:
        met = list(clients.map(lambda _: requests.get(f"{front}/tap/sync"), range(500)))
    refused = [answer for answer in met if answer.status_code == 429]
    assert refused and {answer.status_code for answer in met} == {400, 429}
    assert "retry-after" in refused[0].headers and 'value="ERROR"' in refused[0].text
    assert requests.get(f"{front}/health").ok


def test_a_server_that_is_away_is_503_in_a_votable(server, release):
    running, url = start(server.folder / "nginx-alone", _free_port())
    try:
        answer = requests.post(f"{url}/tap/sync", QUERY)
    finally:
        running.terminate()
        running.wait()
    assert answer.status_code == 503 and 'value="ERROR"' in answer.text and "retry-after" in answer.headers
