"""Who may ask: each client so much, all so much, and nobody for somebody else."""

import pytest

from processing.answer.gate import LOCAL, Gate, client_of
from processing.answer.limits import limits

PROXIES = ("127.0.0.1", "10.0.0.7")


class Clock:
    """Goes when it is told."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(clock):
    return Gate(limits(), clock)


def test_a_client_has_so_many_queries_at_a_time_and_another_client_its_own(gate):
    most = limits().client.queries
    assert [gate.enter("192.0.2.1") for _ in range(most)] == [None] * most
    refusal = gate.enter("192.0.2.1")
    assert f"{most} are allowed at a time" in refusal.text and refusal.seconds > 0
    assert gate.enter("192.0.2.2") is None
    gate.leave("192.0.2.1")
    assert gate.enter("192.0.2.1") is None


def test_a_client_has_so_many_queries_a_second_after_a_burst(gate, clock):
    def ask():
        refusal = gate.enter("192.0.2.1")
        if not refusal:
            gate.leave("192.0.2.1")
        return refusal

    assert not any(ask() for _ in range(limits().client.burst))
    assert "queries a second" in ask().text
    clock.now += 1
    assert sum(ask() is None for _ in range(2 * limits().client.rate)) == limits().client.rate
    clock.now += ask().seconds
    assert ask() is None


def test_all_clients_together_have_so_many(gate):
    most = limits().work.threads + limits().work.waiting
    assert not any(gate.enter(LOCAL) for _ in range(most))
    assert "busy" in gate.enter("192.0.2.1").text


def test_clients_that_are_gone_are_forgotten(gate, clock):
    for number in range(1000):
        gate.enter(f"192.0.{number // 250}.{number % 250}")
        gate.leave(f"192.0.{number // 250}.{number % 250}")
    clock.now += 3600
    gate.forget()
    assert not gate.accounts and gate.running == 0


@pytest.mark.parametrize("address, forwarded, client", [
    ("192.0.2.1", None, "192.0.2.1"),
    ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
    ("127.0.0.1", "198.51.100.9", "198.51.100.9"),
    ("127.0.0.1", "203.0.113.5, 198.51.100.9, 10.0.0.7", "198.51.100.9"),
    ("127.0.0.1", None, LOCAL), ("::1", None, LOCAL),
    ("127.0.0.1", "nonsense", "unknown"),
    ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
    ("::ffff:192.0.2.1", None, "192.0.2.1")])  # fmt: skip
def test_a_client_is_who_sends_unless_a_proxy_says_otherwise(address, forwarded, client):
    assert client_of(address, forwarded, PROXIES) == client
