"""The whole router in any order of requests, faults and changes of its policy: a canary stays where it may be."""

import asyncio
import json
import random
import tempfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support import faulty
from support.crowds import Crowd, any_place, any_policy, faulty_kind, judge, kept_log, send

from gateway import Router

SEEDS = st.integers(0, 10_000)


class Boundary(RuleBasedStateMachine):
    """One router; every version of its policy has its own crowd, for its backends change what they may see."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.home = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.runner = self.stack.enter_context(asyncio.Runner())
        self.logged = self.stack.enter_context(kept_log())
        self.crowds: list[Crowd] = []
        self.count = 0
        faulty.seen.clear()

    @initialize(seed=SEEDS)
    def open(self, seed: int) -> None:
        """Open a router with some policy."""
        self._write(seed)
        self.router = Router.from_policy(self.home / "policy.yaml", chance=random.Random(seed).random)
        self.runner.run(self.router.__aenter__())

    @rule(seed=SEEDS, many=st.integers(1, 4))
    def ask(self, seed: int, many: int) -> None:
        """Some requests at once, whole, streamed, broken off or cancelled."""
        self.runner.run(self._ask(seed, many))

    @rule(seed=SEEDS)
    def change(self, seed: int) -> None:
        """Another policy: who was cleared may be cleared no more."""
        self._write(seed)
        self.runner.run(self.router.refresh())

    @rule(seed=SEEDS)
    def change_meanwhile(self, seed: int) -> None:
        """Another policy while requests are under way: those keep to the one that they began with."""

        async def both() -> None:
            asking = asyncio.create_task(self._ask(seed, 3))
            await asyncio.sleep(0.001)
            self._write(seed)
            await self.router.refresh()
            await asking

        self.runner.run(both())

    @invariant()
    def nobody_saw_what_he_may_not_see(self) -> None:
        """No backend, log, error or ledger holds a canary that must not be there."""
        for made in self.crowds:
            judge(made, self.logged, self.home / "ledger.sqlite3")
            assert made.leaks == []

    def teardown(self) -> None:
        """Close the router: comparisons under way end, and are looked at as well."""
        if self.crowds:
            self.runner.run(self.router.__aexit__(None, None, None))
            self.nobody_saw_what_he_may_not_see()
        self.stack.close()

    async def _ask(self, seed: int, many: int) -> None:
        made, self.count = self.crowds[-1], self.count + many
        names = [f"canary{self.count - number}x" for number in range(many)]
        await asyncio.gather(*(send(self.router, made, random.Random(f"{seed} {name}"), name) for name in names))

    def _write(self, seed: int) -> None:
        chance = random.Random(seed)
        places = {name: any_place(chance) for name in "abcd"}
        rules = any_policy(chance, places, self.home / "ledger.sqlite3", seed)
        (self.home / "policy.yaml").write_text(f"# {len(self.crowds)}\n{json.dumps(rules)}")
        self.crowds.append(Crowd(places=places))


def test_no_order_of_things_lets_a_canary_out(tmp_path: Path) -> None:
    """Requests, faults, cancellations and new policies in any order that a machine can think of."""
    with faulty_kind(tmp_path / "kinds"):
        run_state_machine_as_test(Boundary, settings=settings(max_examples=8, stateful_step_count=8, deadline=None))
