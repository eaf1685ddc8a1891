"""Answers that are given again for a moment."""

import asyncio
import gzip

import pytest

from insight.kept import KeptAnswers


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Maker:
    """Makes a different answer each time and counts."""

    def __init__(self, size: int = 1):
        self.made = 0
        self.size = size

    async def __call__(self) -> bytes:
        await asyncio.sleep(0)
        self.made += 1
        return str(self.made).encode() * self.size


@pytest.fixture
def clock():
    return Clock()


async def test_an_answer_is_given_again_until_its_time_is_over(clock):
    kept, make = KeptAnswers(2, clock=clock), Maker()

    first = await kept.get("map", make)
    clock.now += 1.9
    again = await kept.get("map", make)
    clock.now += 0.2
    later = await kept.get("map", make)

    assert first is again
    assert (first.body, later.body) == (b"1", b"2")
    assert first.tag != later.tag


async def test_different_questions_have_different_answers(clock):
    kept, make = KeptAnswers(2, clock=clock), Maker()

    assert (await kept.get("a", make)).body != (await kept.get("b", make)).body


async def test_many_who_ask_at_once_wait_for_one_answer(clock):
    kept, make = KeptAnswers(2, clock=clock), Maker()

    answers = await asyncio.gather(*(kept.get("map", make) for _ in range(20)))

    assert make.made == 1
    assert len({id(answer) for answer in answers}) == 1
    assert kept._locks == {}


async def test_with_zero_seconds_nothing_is_kept(clock):
    kept, make = KeptAnswers(0, clock=clock), Maker()
    await kept.get("map", make)
    await kept.get("map", make)

    assert make.made == 2
    assert not kept._answers


async def test_no_more_is_kept_than_fits_and_the_oldest_goes_first(clock):
    kept, make = KeptAnswers(60, most_bytes=25, clock=clock), Maker(size=10)
    for key in "abc":
        await kept.get(key, make)
    await kept.get("c", make)

    assert (list(kept._answers), kept._size, make.made) == (["b", "c"], 20, 3)


async def test_an_answer_is_compressed_once_and_only_for_who_asks(clock):
    kept, make = KeptAnswers(2, clock=clock), Maker(size=2000)

    plain = await kept.get("map", make)
    assert plain.compressed is None
    several = await asyncio.gather(*(kept.get("map", make, compressed=True) for _ in range(5)))

    assert make.made == 1
    assert len({id(answer.compressed) for answer in several}) == 1
    assert gzip.decompress(several[0].compressed) == plain.body


async def test_a_short_answer_is_not_compressed(clock):
    kept, make = KeptAnswers(2, clock=clock), Maker()

    assert (await kept.get("map", make, compressed=True)).compressed is None


async def test_compressed_answers_count_as_kept(clock):
    kept, make = KeptAnswers(2, most_bytes=4010, clock=clock), Maker(size=2000)
    for key in "ab":
        await kept.get(key, make)
    await kept.get("b", make, compressed=True)

    assert list(kept._answers) == ["b"]
    clock.now += 3
    await kept.get("b", make)
    assert kept._size == 2000


async def test_a_failure_is_not_kept_and_the_next_one_tries_again(clock):
    kept, make = KeptAnswers(2, clock=clock), Maker()

    async def fail() -> bytes:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await kept.get("map", fail)

    assert (await kept.get("map", make)).body == b"1"
    assert kept._locks == {}
