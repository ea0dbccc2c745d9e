#!/usr/bin/env python3
"""Plots of a folder of results, by gnuplot: plots.py FOLDER reads samples.csv there and writes FOLDER/plots/*.svg."""
import collections
import os
import re
import shutil
import statistics
import subprocess
import sys

import samples as samples_file

LOAD = re.compile(r",? load ([0-9.]+)")
HEAD = """set terminal svg size 900,{height} dynamic font 'sans,13' background 'white'
set output '{name}.svg'
set title {title} noenhanced
set grid
"""


class Plot:
    """Collects data blocks and one gnuplot command."""

    def __init__(self, name, title, height=600):
        self.name = name
        self.text = HEAD.format(name=name, title=quoted(title), height=height)
        self.blocks = 0

    def block(self, rows):
        """Returns the name of the data."""
        self.blocks += 1
        name = f"$data{self.blocks}"
        self.text += f"{name} << EOD\n" + "".join(" ".join(map(str, row)) + "\n" for row in rows) + "EOD\n"
        return name

    def add(self, line):
        self.text += line + "\n"

    def write(self, folder):
        with open(os.path.join(folder, self.name + ".gp"), "w", encoding="utf-8") as file:
            file.write(self.text)
        subprocess.run(["gnuplot", self.name + ".gp"], cwd=folder, check=True)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def file_name(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def point(x, values):
    """x, median, quartiles."""
    return (x, statistics.median(values), *samples_file.quartiles(values))


def draw_curves(plot, curves, x_label, y_label):
    """`curves`: points of each name. Where a value is not above zero, nothing can be drawn on a logarithmic scale."""
    plot.add(f"set logscale y\nset xlabel {quoted(x_label)}\nset ylabel {quoted(y_label)} noenhanced\n"
             "set key outside below maxcols 3")
    parts = []
    for index, (name, points) in enumerate(curves.items(), start=1):
        points = [each for each in sorted(points) if each[1] > 0]
        if points:
            data = plot.block(points)
            parts.append(f"{data} using 1:2:3:4 with yerrorlines linecolor {index} pointtype {index} "
                         f"title {quoted(name)} noenhanced")
    if parts:
        plot.add("plot " + ", \\\n  ".join(parts))
    return bool(parts)


def over_load(samples, bench):
    """Of each figure but its load, the curves of all contenders."""
    families = collections.defaultdict(lambda: collections.defaultdict(list))
    for figure, contenders in samples.values.items():
        load = LOAD.search(figure.workload)
        if figure.bench != bench or load is None:
            continue
        family = (LOAD.sub("", figure.workload), figure.metric, samples.unit[figure])
        for contender, values in contenders.items():
            families[family][contender].append(point(float(load[1]), values))
    return families


def plots_over_load(samples, bench):
    for (workload, metric, unit), curves in over_load(samples, bench).items():
        wanted = metric.endswith(("p99", "p99.9", "p99.9 slowdown"))
        if not wanted or max(map(len, curves.values())) < 2:
            continue
        plot = Plot(file_name(f"{bench} {workload} {metric}"), f"{bench}: {workload}")
        if draw_curves(plot, curves, "load", f"{metric}, {unit}" if unit else metric):
            yield plot


def plots_of_ratios(samples):
    """Ours beside the best peer as bars, with the quartiles."""
    rows = []
    for figure, contenders in samples.values.items():
        peers = [values for name, values in contenders.items() if samples_file.is_peer(name)]
        if figure.bench != "ratios" or "preempt" not in contenders or not peers:
            continue
        best = min(map(statistics.median, peers))
        if best > 0:
            ours = [value / best for value in contenders["preempt"]]
            rows.append((quoted(figure.workload).replace("'", '"'), *point(len(rows), ours)))
    if rows:
        plot = Plot("ratios", "ours / the best peer; 1 is as fast", height=120 + 22 * len(rows))
        plot.add("set logscale x\nset yrange [:] reverse\nset ytics font ',10' noenhanced\nunset key\n"
                 "set arrow from 1,graph 0 to 1,graph 1 nohead linecolor 'black'\nset bars small")
        data = plot.block(rows)
        plot.add("set style fill solid 0.5 noborder")
        # Bars from 1: to the left is faster, to the right slower than the best peer.
        plot.add(f"plot {data} using 3:2:($3<1?$3:1):($3<1?1:$3):($2-0.35):($2+0.35) with boxxyerror linecolor 2, \\\n"
                 f"  {data} using 3:2:4:5:ytic(1) with xerrorbars pointtype 7 pointsize 0.4 linecolor 'black'")
        yield plot


def plots_of_numbered(samples, bench, pattern, x_label, log_x):
    """One plot for each metric of `bench`; what `pattern` finds in the workload is x."""
    families = collections.defaultdict(lambda: collections.defaultdict(list))
    for figure, contenders in samples.values.items():
        found = re.search(pattern, figure.workload)
        if figure.bench != bench or found is None:
            continue
        rest = re.sub(pattern, "", figure.workload).strip(" ,")
        for contender, values in contenders.items():
            families[(rest, figure.metric, samples.unit[figure])][contender].append(point(float(found[1]), values))
    for (rest, metric, unit), curves in families.items():
        plot = Plot(file_name(f"{bench} {rest} {metric}"), f"{bench}: {rest}")
        if log_x:
            plot.add("set logscale x 2" if x_label == "processors" else "set logscale x")
        if draw_curves(plot, curves, x_label, f"{metric}, {unit}" if unit else metric):
            yield plot


def all_plots(samples):
    for bench in ("tail", "rocksdb"):
        yield from plots_over_load(samples, bench)
    yield from plots_of_ratios(samples)
    yield from plots_of_numbered(samples, "cost", r"slice ([0-9]+) us", "slice, us", log_x=True)
    yield from plots_of_numbered(samples, "model", r"([0-9]+) processors", "processors", log_x=True)


def main(arguments):
    if len(arguments) != 1:
        print("usage: plots.py FOLDER", file=sys.stderr)
        return 2
    if shutil.which("gnuplot") is None:
        print("plots: skipped, gnuplot is not installed", file=sys.stderr)
        return 0
    try:
        samples = samples_file.read(arguments[0])
    except samples_file.SamplesError as error:
        print(f"plots: {error}", file=sys.stderr)
        return 2
    folder = os.path.join(arguments[0], "plots")
    os.makedirs(folder, exist_ok=True)
    for plot in all_plots(samples):
        plot.write(folder)
        print(f"plots/{plot.name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
