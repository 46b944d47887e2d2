"""Clients of all kinds for a server under load: what they ask, and whether what they get is right.

What is right is read from the database before, past the server. Each function of ACTIONS asks once and returns what
became of it: "right", "refused" (429), "error" (of the user, in a sentence), "left", "away" (the database), or what is
wrong, as a sentence.
"""

import csv
import io
import random
import socket
import struct
from dataclasses import dataclass
from urllib.parse import urlencode

import requests

from processing.answer.error_texts import AWAY
from processing.publish import cluster

CONE = "SELECT pts_key FROM twomass.psc WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE({ra!r}, {dec!r}, {radius}))"
RADIUS = 0.05
SLOW = "SELECT COUNT(*) AS n FROM twomass.psc AS a, twomass.psc AS b, twomass.psc AS c WHERE a.j_m + b.j_m > c.h_m"
BULK_ROWS = 20_000
JOIN = ("SELECT t.n, p.pts_key FROM tap_upload.t AS t JOIN twomass.psc AS p "
        "ON 1 = CONTAINS(POINT(p.ra, p.dec), CIRCLE(t.ra, t.dec, 0.0003))")  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """Cones (ra, dec) with the keys in them, and how many rows there are."""

    cones: list
    rows: int


def read_truth(place, number=40):
    """The Truth about so many cones around sources."""
    with cluster.connect(place) as connection:
        rows, = connection.execute("SELECT count(*) FROM twomass.psc").fetchone()
        share = min(100, 300 * number * 100 / max(rows, 1))
        sample = "" if share == 100 else f"TABLESAMPLE SYSTEM ({share}) REPEATABLE (1)"
        store = connection.execute("SELECT (obj_description('published'::regnamespace)::json)->>'store'").fetchone()[0]
        chosen = f"SELECT ra, dec FROM {store}.psc {sample} ORDER BY pts_key LIMIT {number}"
        places = connection.execute(chosen).fetchall()
        inside = "SELECT pts_key FROM twomass.psc WHERE q3c_join(%s::float8, %s::float8, ra, dec, %s::float8)"
        cones = [(ra, dec, {key for key, in connection.execute(inside, [ra, dec, RADIUS])}) for ra, dec in places]
    return Truth(cones, rows)


class Client:
    """One client: its address (as a proxy would tell it), its luck, and what it knows."""

    def __init__(self, url, truth, number, limit=60):
        self.url, self.truth, self.number = url, truth, number
        self.luck, self.limit = random.Random(number), limit
        self.session = requests.Session()
        self.session.headers["X-Forwarded-For"] = f"198.51.100.{number}"

    def tap(self, query, files=None, **more):
        return self.session.post(f"{self.url}/tap/sync", {"LANG": "ADQL", "QUERY": query, **more}, files=files,
                                 timeout=self.limit)

    def cone(self):
        """By TAP."""
        ra, dec, keys = self.luck.choice(self.truth.cones)
        answer = self.tap(CONE.format(ra=ra, dec=dec, radius=RADIUS), FORMAT="csv")
        return self.told(answer) or right({int(word) for word in answer.text.split()[1:]} == keys, "cone by TAP",
                                          answer)

    def simple_cone(self):
        """By SCS."""
        ra, dec, keys = self.luck.choice(self.truth.cones)
        ask = {"RA": ra, "DEC": dec, "SR": RADIUS, "RESPONSEFORMAT": "csv", "VERB": 3, "MAXREC": 90_000}
        answer = self.session.get(f"{self.url}/twomass/q/cone/scs.xml", params=ask, timeout=self.limit)
        told = self.told(answer)
        if told:
            return told
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        return right({int(row["pts_key"]) for row in rows} == keys, "cone by SCS", answer)

    def bulk(self):
        """Many rows of all columns, read to the end."""
        rows, kind = min(BULK_ROWS, self.truth.rows), self.luck.choice(("csv", "votable/b2", "votable"))
        answer = self.tap(f"SELECT TOP {rows} * FROM twomass.psc", FORMAT=kind)
        told = self.told(answer)
        if told:
            return told
        if kind == "csv":
            return right(answer.text.count("\n") == rows + 1, f"{answer.text.count(chr(10)) - 1} rows of {rows}",
                         answer)
        if AWAY.encode() in answer.content[-4000:]:  # told behind the rows, as DALI wants it
            return "away"
        return right(answer.content.rstrip().endswith(b"</VOTABLE>") and b'value="ERROR"' not in answer.content[-4000:],
                     "bulk VOTable without an end", answer)

    def upload(self):
        """A table of places, joined with the catalog."""
        chosen = self.luck.sample(self.truth.cones, min(20, len(self.truth.cones)))
        table = "".join(f"<TR><TD>{n}</TD><TD>{ra!r}</TD><TD>{dec!r}</TD></TR>" for n, (ra, dec,
                                                                                        _) in enumerate(chosen))
        fields = "".join(f'<FIELD name="{name}" datatype="{kind}"/>'
                         for name, kind in (("n", "int"), ("ra", "double"), ("dec", "double")))
        votable = (f'<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>{fields}'
                   f"<DATA><TABLEDATA>{table}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>")
        answer = self.tap(JOIN, {"t": ("t.xml", votable.encode())}, UPLOAD="t,param:t", FORMAT="csv")
        told = self.told(answer)
        if told:
            return told
        found = [tuple(map(int, line.split(","))) for line in answer.text.split()[1:]]
        return right({n for n, _ in found} == set(range(len(chosen)))
                     and all(key in chosen[n][2] for n, key in found), "upload", answer)

    def abort(self):
        """A slow query, or a large one, and nobody waits for its end."""
        query = self.luck.choice((SLOW, f"SELECT TOP {BULK_ROWS * 10} * FROM twomass.psc"))
        words = urlencode({"LANG": "ADQL", "QUERY": query, "FORMAT": "csv"})
        with socket.create_connection(self._where(), timeout=10) as client:
            client.sendall(f"GET /tap/sync?{words} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.{self.number}"
                           "\r\n\r\n".encode())
            client.settimeout(self.luck.uniform(0.05, 1.5))
            try:
                client.recv(self.luck.choice((1, 10_000)))
            except TimeoutError:
                pass
            if self.luck.random() < 0.5:  # by a reset
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return "left"

    def garbage(self):
        """What is no query, in words or in bytes."""
        noise = bytes(self.luck.randrange(256) for _ in range(300))
        how = self.luck.randrange(6)
        if how == 0:
            with socket.create_connection(self._where(), timeout=10) as client:
                client.sendall(self.luck.choice((noise, b"GET /" + noise + b" HTTP/1.1\r\n\r\n",
                                                 b"POST /tap/sync HTTP/1.1"
                                                 b"\r\nContent-Length: 99999999999\r\n\r\nx", b"\x16\x03\x01" + noise)))
            return "left"
        if how == 1:
            answer = self.session.post(f"{self.url}/tap/sync", data=noise, timeout=self.limit, headers={
                "Content-Type": "multipart/form-data; boundary=x"})
        elif how == 2:
            answer = self.tap(noise.decode("latin-1"), MAXREC=self.luck.choice(("x", "-1", "1e9", "nan")))
        elif how == 3:
            answer = self.session.get(f"{self.url}/twomass/q/cone/scs.xml", timeout=self.limit, params={
                "RA": self.luck.choice(("x", "nan", "1e400", "")), "DEC": self.luck.choice(("95", "-inf", "1")),
                "SR": "z"})
        elif how == 4:
            answer = self.tap("SELECT " + "(" * self.luck.randrange(400) + "1", UPLOAD=self.luck.choice((
                "t,http://127.0.0.1:1/", "t,param:u", ";;;", "t,file:///etc/passwd")), FORMAT=self.luck.choice(("x",
                                                                                                                "csv")))
        else:
            answer = self.session.get(f"{self.url}/{noise.hex()[:40]}/../tap/async/{noise.hex()[:9]}",
                                      timeout=self.limit)
        return self.told(answer) or ("error" if answer.status_code < 500 else f"garbage {how}: {answer.status_code}")

    def health(self):
        """What a load balancer asks; within ten seconds whatever the others do."""
        answer = self.session.get(f"{self.url}/{self.luck.choice(('tap/availability', 'health'))}", timeout=10)
        return "away" if answer.status_code == 503 else right(answer.status_code == 200, "health", answer)

    def told(self, answer):
        """What became of a request that was not answered with a result; None if it was."""
        if answer.status_code == 429:
            return "refused" if "retry-after" in answer.headers else "429 without Retry-After"
        if AWAY in answer.text[:3000]:
            return "away"
        if answer.status_code >= 500:
            return f"status {answer.status_code}: {answer.text[:300]}"
        return "error" if answer.status_code >= 400 or 'name="Error"' in answer.text[:3000] else None

    def _where(self):
        host, _, port = self.url.rpartition("/")[2].partition(":")
        return host, int(port)


def right(is_right, what, answer):
    """"right", or what is wrong."""
    return "right" if is_right else f"wrong: {what}: {answer.status_code} {answer.text[:300]}"


HONEST = {"cone", "simple_cone", "bulk", "upload", "health"}
"""Whose clients do nothing wrong: an "error" is none of theirs."""
