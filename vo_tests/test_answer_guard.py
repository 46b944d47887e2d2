"""What brings a stock DaCHS down does not bring this one down: restarts of its database, clients that leave, lost jobs."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import requests

from processing.publish import cluster
from processing.publish.processes import wait_until

COUNT = "SELECT COUNT(*) AS n FROM twomass.psc"
SLOW = "SELECT COUNT(*) AS n FROM " + ", ".join(f"twomass.psc AS {name}" for name in "abcd")
ACTIVE = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend' "
          "AND usename <> 'postgres'")  # fmt: skip


def ask(server, query, **more):
    return requests.get(f"{server.url}/tap/sync", {"LANG": "ADQL", "QUERY": query, "FORMAT": "csv", **more}, timeout=60)


def send_and_leave_open(server, query):
    client = socket.create_connection(("127.0.0.1", server.place.port))
    words = urlencode({"LANG": "ADQL", "QUERY": query})
    client.sendall(f"GET /tap/sync?{words} HTTP/1.0\r\n\r\n".encode())
    return client


def value(server, query):
    with server.connect() as connection:
        return connection.execute(query).fetchone()[0]


def test_a_restart_of_the_database_is_over_when_it_is_over(server, release):
    cone = f"{server.url}/twomass/q/cone/scs.xml?RA=0&DEC=0&SR=0.1"
    counted = ask(server, COUNT).text
    for _ in range(2):
        with ThreadPoolExecutor(16) as clients:
            list(clients.map(lambda n: ask(server, COUNT) if n % 2 else requests.get(cone), range(48)))
            meanwhile = [clients.submit(ask, server, COUNT) for _ in range(16)]
            cluster.stop(server.place)
            cluster.start(server.place)
            [asked.result() for asked in meanwhile]
            answers = list(clients.map(lambda n: ask(server, COUNT), range(32)))
            cones = list(clients.map(lambda n: requests.get(cone), range(16)))
        assert [answer.text for answer in answers] == [counted] * 32
        assert all(answer.ok and 'name="Error"' not in answer.text for answer in cones)
        assert requests.get(f"{server.url}/health").status_code == 200


def test_queries_of_clients_that_left_are_cancelled_and_stall_nothing(server, release):
    clients = [send_and_leave_open(server, SLOW) for _ in range(50)]
    assert wait_until(lambda: value(server, ACTIVE) >= 30, 20)
    for path in ("tap/availability", "health"):
        assert requests.get(f"{server.url}/{path}", timeout=10).status_code == 200
    for client in clients:
        client.close()
    assert wait_until(lambda: value(server, ACTIVE) == 0, 10)
    begin = time.monotonic()
    assert ask(server, COUNT).ok and time.monotonic() - begin < 10


def test_a_search_by_form_of_a_client_that_left_is_cancelled(server, release):
    """It waits for a lock here, since no form is slow on a small release."""
    waiting = ("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'gavo'")
    words = urlencode({"__nevow_form__": "genForm", "hscs_pos": "1 1", "hscs_sr": "5", "_FORMAT": "VOTable"})
    with server.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE twomass.psc")
        client = socket.create_connection(("127.0.0.1", server.place.port))
        client.sendall(f"GET /twomass/q/cone/form?{words} HTTP/1.0\r\n\r\n".encode())
        assert wait_until(lambda: value(server, waiting) == 1, 20)
        client.close()
        assert wait_until(lambda: value(server, waiting) == 0, 10)
