"""The addresses of the running services and a query to paste, as the database knows them."""

import sys

from processing.publish.cluster import connect, pid

PROTOCOLS = {"scs.xml": "cone", "siap.xml": "SIA 1", "siap2.xml": "SIA 2", "form": "form"}
"""DaCHS's names of the ways into a service, and what to call them."""

INTERFACES = """
    SELECT renderer, resid, accessurl FROM dc.interfaces
    WHERE sourcerd NOT LIKE '\\_\\_system\\_\\_%%' AND renderer = ANY(%s)
    ORDER BY array_position(%s, renderer), accessurl"""

QUERY = ("SELECT TOP 5 designation, ra, dec, j_m, h_m, k_m FROM twomass.psc "
         "WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE({ra:.5f}, {dec:.5f}, 0.05)) ORDER BY j_m")


def database_line(place):
    """How to reach the database with psql, and its process."""
    return f"psql -h {place.socket_folder} -U gavo gavo   (as {place.account.pw_name} or root; pid {pid(place)})"


def service_lines(place):
    """Pairs (name, address): the server, TAP, and every published service."""
    yield "server", f"{place.url}/"
    yield "TAP", f"{place.url}/tap"
    with connect(place) as connection:
        order = list(PROTOCOLS)
        for renderer, service, address in connection.execute(INTERFACES, (order, order)):
            name = f"form {service}" if renderer == "form" else PROTOCOLS[renderer]
            yield name, f"{place.url}/{address.lstrip('/')}"


def example_query(place):
    """ADQL for the brightest sources around one that is published; None when nothing is."""
    with connect(place) as connection:
        if connection.execute("SELECT to_regclass('twomass.psc')").fetchone()[0] is None:
            return None
        row = connection.execute("SELECT ra, dec FROM twomass.psc LIMIT 1").fetchone()
    return QUERY.format(ra=row[0], dec=row[1]) if row else None


def print_addresses(place):
    """The addresses, and a command that asks the server something once there is something to ask for."""
    print(f"{'database':9} {database_line(place)}")
    for name, address in service_lines(place):
        print(f"{name:9} {address}")
    query = example_query(place)
    if query:
        ask = f"import pyvo; print(pyvo.dal.TAPService('{place.url}/tap').search('{query}').to_table())"
        print(f"\nA query to paste into TOPCAT (TAP), or here into the shell:\n{query}\n{sys.executable} -c \"{ask}\"")
