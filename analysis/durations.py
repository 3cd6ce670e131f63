"""Times as text: a number and the unit in which it is 1 to 999."""

from decimal import Decimal

UNITS = ((10**9, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns"))


def duration(time: int, digits: int = 7) -> str:
    """Of `time` in ns, in the unit in which it is 1 to 999. Sums of what seven digits say are right within 1e-6."""
    rounded = Decimal(f"{Decimal(time):.{digits - 1}e}")
    size, unit = next((each for each in UNITS if rounded >= each[0]), UNITS[0])
    return f"{(rounded / size).normalize():f} {unit}"


def brief(time: int) -> str:
    """For people to read."""
    return duration(time, 3)
