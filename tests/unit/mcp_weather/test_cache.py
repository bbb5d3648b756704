from mcp_weather.cache import TtlCache


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_forgotten_when_its_time_is_over() -> None:
    clock = FakeClock()
    cache: TtlCache[str] = TtlCache(10, clock)
    cache.put("a", "A", 60)
    clock.now += 59.9
    assert cache.get("a") == "A"
    clock.now += 0.2
    assert cache.get("a") is None
    assert len(cache) == 0


def test_a_full_cache_forgets_what_was_put_first() -> None:
    cache: TtlCache[int] = TtlCache(2)
    for number in (1, 2, 1, 3):
        cache.put(number, number * 10, 60)
    assert [cache.get(number) for number in (1, 2, 3)] == [10, None, 30]
    assert len(cache) == 2


def test_nothing_is_kept_for_no_time() -> None:
    cache: TtlCache[str] = TtlCache(2)
    cache.put("a", "A", 0)
    assert cache.get("a") is None
