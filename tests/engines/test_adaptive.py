"""What an engine learns from answers."""

import time

from datagen.engines.adaptive import AdaptiveLimit, CircuitBreaker
from datagen.engines.gate import PriorityGate


def test_requests_of_one_round_trip_halve_the_limit_once() -> None:
    gate = PriorityGate(64)
    limit = AdaptiveLimit(gate, 64)
    sent_at = time.monotonic()
    for _ in range(40):
        limit.pushed_back(sent_at)
    assert gate.limit == 32


def test_a_request_sent_after_the_cut_halves_again() -> None:
    gate = PriorityGate(64)
    limit = AdaptiveLimit(gate, 64)
    for _ in range(9):
        limit.pushed_back(time.monotonic())
    assert gate.limit == 1


def test_a_window_of_answers_raises_the_limit_by_one_up_to_the_ceiling() -> None:
    gate = PriorityGate(8)
    limit = AdaptiveLimit(gate, 8)
    limit.pushed_back(time.monotonic())
    for _ in range(4 + 5):
        limit.succeeded()
    assert gate.limit == 6
    for _ in range(100):
        limit.succeeded()
    assert gate.limit == 8


def test_one_call_that_fails_for_ever_is_not_an_outage() -> None:
    breaker = CircuitBreaker(0.0)
    for _ in range(100):
        breaker.failed(7, under_way=1)
    assert not breaker.opened.is_set()


def test_three_calls_that_fail_while_many_wait_for_answers_are_not_an_outage() -> None:
    breaker = CircuitBreaker(0.0)
    for call in range(3):
        breaker.failed(call, under_way=64)
    assert not breaker.opened.is_set()


def test_an_answer_starts_the_count_again() -> None:
    breaker = CircuitBreaker(0.0)
    breaker.failed(1, under_way=2)
    breaker.failed(2, under_way=2)
    breaker.answered()
    breaker.failed(3, under_way=2)
    assert not breaker.opened.is_set()


def test_failures_are_an_outage_only_when_they_last() -> None:
    breaker = CircuitBreaker(0.05)
    for call in range(10):
        breaker.failed(call, under_way=10)
    assert not breaker.opened.is_set()
    time.sleep(0.06)
    breaker.failed(1, under_way=10)
    assert breaker.opened.is_set()
