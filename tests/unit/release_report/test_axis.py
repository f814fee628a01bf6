"""Axes: round numbers at places that are easy to read."""

from __future__ import annotations

import pytest

from fream_compose.release_report.axis import TimeAxis, counts, durations


@pytest.mark.parametrize(
    ("axis", "names"),
    [
        (TimeAxis(-5, 20), ["−5 s", "0 s", "5 s", "10 s", "15 s", "20 s"]),  # noqa: RUF001
        (TimeAxis(-0.4, 1.2), ["0 s", "0.5 s", "1 s"]),
        (TimeAxis(-30, 300), ["0 min", "1 min", "2 min", "3 min", "4 min", "5 min"]),
        (TimeAxis(-30, 1800), ["0 min", "10 min", "20 min", "30 min"]),
        (TimeAxis(0, 3 * 3600), ["0 h", "1 h", "2 h", "3 h"]),
        (TimeAxis(0, 30 * 86400), ["0 h", "720 h"]),
        (TimeAxis(0, 0), ["0 s"]),
    ],
)
def test_few_moments_of_a_run_are_named(axis: TimeAxis, names: list[str]) -> None:
    assert [name for _, name in axis.ticks] == names


def test_a_moment_has_its_place_on_the_axis_and_none_beside_it() -> None:
    axis = TimeAxis(-10, 30)

    assert [axis.percent(at) for at in (-10, 0, 10, 30, -99, 99)] == [0, 25, 50, 100, 0, 100]


@pytest.mark.parametrize(
    ("most", "names"),
    [
        (0, ["0.5", "1"]),
        (1, ["0.5", "1"]),
        (3, ["1", "2", "3"]),
        (146, ["50", "100", "150"]),
        (999, ["500", "1,000"]),
        (12345, ["5,000", "10,000", "15,000"]),
    ],
)
def test_counts_have_few_round_lines(most: float, names: list[str]) -> None:
    scale = counts([most])

    assert [name for _, name in scale.ticks] == names
    assert scale.height(most) <= 1


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([], ["2 ms", "5 ms", "10 ms"]),
        ([0.0, 3.0], ["2 ms", "5 ms", "10 ms"]),
        ([8.0, 194.0], ["10 ms", "100 ms", "1 s"]),
        ([12000.0, 40000.0], ["20 s", "50 s", "100 s"]),
    ],
)
def test_durations_go_by_powers_of_ten(values: list[float], names: list[str]) -> None:
    scale = durations(values)

    assert [name for _, name in scale.ticks] == names
    assert all(0 <= scale.height(value) <= 1 for value in values)
    assert scale.height(scale.high) == 1
