"""What goes wrong when: a seeded random plan, so that a failure can be repeated."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

# How often each fault is drawn, in relation to the others.
_OF_BLOCKS = {"kill": 5, "pause": 3, "restart": 2, "kill-worker": 4, "pause-worker": 2}
_OF_ENGINES = {"kill-postgres": 2, "pause-kafka": 2, "kill-kafka": 2, "refuse-mail": 3, "stop-mail": 1}


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong ``at`` a share of the load (0 to 1) and is over after ``seconds``."""

    at: float
    kind: str
    target: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.kind} {self.target} for {self.seconds:.1f} s".replace("  ", " ")


def draw(seed: int, number: int, blocks: Sequence[str]) -> tuple[list[Fault], list[Fault]]:
    """Return two lists that run beside each other: faults of blocks, and of what they all lean on.

    Within a list one fault is over before the next begins; over the two there are ``number``, spread over the load.
    """
    chance = random.Random(seed)
    of_blocks = number - number // 3
    return (
        _spread(chance, of_blocks, _OF_BLOCKS, blocks),
        _spread(chance, number - of_blocks, _OF_ENGINES, [""]),
    )


def _spread(chance: random.Random, number: int, kinds: dict[str, int], targets: Sequence[str]) -> list[Fault]:
    drawn = chance.choices(list(kinds), list(kinds.values()), k=number)
    return [
        Fault(
            at=(index + chance.random()) / number * 0.95,
            kind=kind,
            target=chance.choice(targets),
            # Now and then longer than Kafka waits for a member of a group, so that partitions move.
            seconds=chance.choice((0.2, 1.0, 3.0, 6.0, 18.0 if kind.startswith("pause") else 8.0)),
        )
        for index, kind in enumerate(drawn)
    ]
