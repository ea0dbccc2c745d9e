#!/usr/bin/env python3
"""Says what changed between two runs of tools/bench, beyond the noise.

    compare.py OLD NEW      two folders of results, or two samples.csv

A virtual machine is not as fast today as it was yesterday. So a figure of ours that has peers is compared as its ratio
to one of them, the one that was best in OLD and is in both, repetition by repetition where their counts agree. A figure
without peers is compared as it is.

A figure changed when its medians differ by more than 5 % AND the ranges between its quartiles do not overlap. Of fewer
than three samples nobody can say how far they scatter: those are listed apart.
"""
import statistics
import sys

import samples as samples_file

THRESHOLD = 0.05
ENOUGH = 3
SHOWN = 20  # of the figures that only one of the files has


def best_peer(figure, old, new):
    """None when there is none in both files, or it measured nothing."""
    old_values, new_values = old.values[figure], new.values[figure]
    peers = [each for each in old_values if samples_file.is_peer(each) and each in new_values]
    peers = [each for each in peers if statistics.median(old_values[each]) and statistics.median(new_values[each])]
    if not peers:
        return None
    best = max if old.better[figure] == "higher" else min
    return best(peers, key=lambda peer: statistics.median(old_values[peer]))


def ratios(ours, peers):
    """Of each repetition, so that a slow minute of the machine is in both."""
    if len(ours) == len(peers) and all(peers):
        return [mine / theirs for mine, theirs in zip(ours, peers)]
    middle = statistics.median(peers)
    return [mine / middle for mine in ours]


class Comparison:
    """One figure of one contender, in both runs."""

    def __init__(self, figure, contender, old, new):
        self.figure = figure
        self.contender = contender
        self.better = old.better[figure]
        self.unit = old.unit[figure]
        self.peer = best_peer(figure, old, new) if samples_file.is_ours(contender) else None
        self.old, self.new = self._values(old), self._values(new)

    def _values(self, samples):
        values = samples.values[self.figure]
        return values[self.contender] if self.peer is None else ratios(values[self.contender], values[self.peer])

    def factor(self):
        old, new = statistics.median(self.old), statistics.median(self.new)
        if old == new:
            return 1.0
        return new / old if old else float("inf")

    def enough(self):
        return min(len(self.old), len(self.new)) >= ENOUGH

    def differs(self):
        return abs(self.factor() - 1) > THRESHOLD

    def overlaps(self):
        (old_first, old_third), (new_first, new_third) = map(samples_file.quartiles, (self.old, self.new))
        return old_first <= new_third and new_first <= old_third

    def verdict(self):
        """'better', 'worse', 'other' (nobody said which is good), 'too few samples' or 'unchanged'."""
        if not self.differs() or (self.enough() and self.overlaps()):
            return "unchanged"
        if not self.enough():
            return "too few samples"
        if not self.better:
            return "other"
        return "better" if (self.factor() < 1) == (self.better == "lower") else "worse"

    def row(self):
        against = "" if self.peer is None else f"x of {self.peer}"
        return [self.figure.bench, self.figure.workload, self.contender, self.figure.metric,
                shown(self.old), shown(self.new), against or self.unit, f"{self.factor():.2f}x"]


def shown(values):
    """Median and quartiles."""
    first, third = samples_file.quartiles(values)
    return f"{statistics.median(values):.4g} ({first:.4g} .. {third:.4g})"


def print_table(title, comparisons):
    print(f"\n### {title}: {len(comparisons)}\n")
    if not comparisons:
        return
    print("| bench | workload | contender | metric | old (quartiles) | new (quartiles) | unit | new / old |")
    print("|---|---|---|---|--:|--:|---|--:|")
    for each in sorted(comparisons, key=lambda each: -abs(each.factor() - 1)):
        print("| " + " | ".join(field.replace("|", "\\|") for field in each.row()) + " |")


def print_only_in(name, figures):
    if not figures:
        return
    print(f"\n### Only in {name}: {len(figures)}\n")
    for figure, contender in figures[:SHOWN]:
        print(f"- {figure.bench}, {figure.workload}: {contender}, {figure.metric}")
    if len(figures) > SHOWN:
        print(f"- and {len(figures) - SHOWN} more")


def keys(samples):
    """In the order of the file."""
    return [(figure, contender) for figure, values in samples.values.items() for contender in values]


def print_machine(comparisons):
    """What the peers, whose code is the same, say about the machine."""
    factors = [each.factor() for each in comparisons
               if samples_file.is_peer(each.contender) and each.better == "lower" and 0 < each.factor() < float("inf")]
    if factors:
        factor = statistics.median(factors)
        print(f"Figures of peers, whose code is the same: the median is {factor:.2f}x of what it was.")


def compare(old, new):
    old_keys, new_keys = keys(old), keys(new)
    in_both = [key for key in old_keys if key in set(new_keys)]
    all_figures = [Comparison(*key, old, new) for key in in_both]
    ours = [each for each in all_figures if samples_file.is_ours(each.contender)]
    by_verdict = {}
    for each in ours:
        by_verdict.setdefault(each.verdict(), []).append(each)
    unchanged = len(by_verdict.get("unchanged", []))
    print(f"{len(ours)} figures of ours are in both; {unchanged} are unchanged: their medians differ by {THRESHOLD:.0%} "
          "at most, or their quartiles overlap.")
    print_machine(all_figures)
    print_table("Worse", by_verdict.get("worse", []))
    print_table("Better", by_verdict.get("better", []))
    for verdict, title in (("other", "Changed, and neither is better"),
                           ("too few samples", f"Medians differ, but fewer than {ENOUGH} samples cannot tell")):
        if verdict in by_verdict:
            print_table(title, by_verdict[verdict])
    print_only_in("the old one", [key for key in old_keys if key not in set(new_keys)])
    print_only_in("the new one", [key for key in new_keys if key not in set(old_keys)])


def main(arguments):
    if len(arguments) != 2:
        print("usage: compare.py OLD NEW (folders of results, or samples.csv files)", file=sys.stderr)
        return 2
    try:
        old, new = map(samples_file.read, arguments)
    except samples_file.SamplesError as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    compare(old, new)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
