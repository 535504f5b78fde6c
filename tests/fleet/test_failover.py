"""The order in which replicas are asked."""

from support.crews import scripted

from gateway.fleet.failover import REST_S, Replicas

ONE, TWO = scripted("one"), scripted("two")


def test_replicas_are_asked_in_the_declared_order() -> None:
    """Nothing is known against anybody yet."""
    assert list(Replicas([ONE, TWO]).in_order(0.0)) == [ONE, TWO]


def test_a_replica_that_failed_is_asked_last_for_a_while() -> None:
    """It keeps its place at the end until its rest is over."""
    replicas = Replicas([ONE, TWO])

    replicas.failed(ONE, 0.0)

    assert list(replicas.in_order(REST_S / 2)) == [TWO, ONE]
    assert list(replicas.in_order(REST_S)) == [ONE, TWO]


def test_an_answer_ends_the_rest() -> None:
    """Who answers is trusted again."""
    replicas = Replicas([ONE, TWO])
    replicas.failed(ONE, 0.0)

    replicas.answered(ONE)

    assert list(replicas.in_order(0.0)) == [ONE, TWO]
