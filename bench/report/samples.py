"""The samples of benchmarks, as `bench/support/samples.h` writes them."""
import collections
import csv
import os
import statistics

COLUMNS = ["bench", "workload", "contender", "metric", "unit", "better", "value"]

# What every contender of it was measured by.
Figure = collections.namedtuple("Figure", "bench workload metric")


class SamplesError(Exception):
    """Says what is wrong with a file."""


class Samples:
    """The values of each contender by figure, in the order of the repetitions."""

    def __init__(self):
        self.values = collections.defaultdict(dict)  # Figure -> contender -> list of values
        self.unit = {}  # of a Figure
        self.better = {}  # of a Figure: "lower", "higher" or "" for neither

    def add(self, row):
        figure = Figure(row["bench"], row["workload"], row["metric"])
        self.unit[figure] = row["unit"]
        self.better[figure] = row["better"]
        self.values[figure].setdefault(row["contender"], []).append(float(row["value"]))


def is_ours(contender):
    return contender.startswith("preempt")


def is_peer(contender):
    """Something that was measured; the simulated limits do not get slower with the machine."""
    return not is_ours(contender) and not contender.startswith(("ideal", "simulated"))


def read(path):
    """Reads a samples.csv, or the one in a folder of results."""
    if os.path.isdir(path):
        path = os.path.join(path, "samples.csv")
    samples = Samples()
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != COLUMNS:
                raise SamplesError(f"{path}: the first line is not '{','.join(COLUMNS)}'")
            for row in reader:
                try:
                    samples.add(row)
                except (TypeError, ValueError):
                    raise SamplesError(f"{path}:{reader.line_num}: no number in the column 'value'") from None
    except OSError as error:
        raise SamplesError(f"{path}: {error.strerror}") from None
    return samples


def quartiles(values):
    """The first and the third."""
    if len(values) < 2:
        return values[0], values[0]
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third
