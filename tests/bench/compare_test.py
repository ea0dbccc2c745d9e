#!/usr/bin/env python3
"""bench/report/compare.py, on samples that are made up."""
import os
import random
import subprocess
import sys
import tempfile
import unittest

COMPARE = os.path.join(os.path.dirname(__file__), "..", "..", "bench", "report", "compare.py")
HEAD = "bench,workload,contender,metric,unit,better,value\n"


def around(middle, count=7, scatter=0.02, seed=1):
    generator = random.Random(seed)
    return [middle * generator.uniform(1 - scatter, 1 + scatter) for _ in range(count)]


def lines(contender, values, workload="empty tasks", better="lower"):
    return "".join(f'"micro","{workload}","{contender}","time","ns","{better}",{value}\n' for value in values)


class CompareTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run_compare(self, *arguments):
        return subprocess.run([sys.executable, "-B", COMPARE, *arguments], capture_output=True, text=True, check=False)

    def compare(self, old, new):
        for name, text in (("old.csv", old), ("new.csv", new)):
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(HEAD + text)
        result = self.run_compare(self.path("old.csv"), self.path("new.csv"))
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_noise_is_not_reported(self):
        out = self.compare(lines("preempt", around(100, seed=1)), lines("preempt", around(101, seed=2)))
        self.assertIn("### Worse: 0", out)
        self.assertIn("### Better: 0", out)
        self.assertIn("1 are unchanged", out)

    def test_wide_scatter_is_noise_though_the_medians_differ(self):
        out = self.compare(lines("preempt", [50, 80, 100, 120, 200]), lines("preempt", [60, 90, 120, 140, 210]))
        self.assertIn("1 are unchanged", out)

    def test_twice_as_slow_is_worse(self):
        out = self.compare(lines("preempt", around(100)), lines("preempt", around(200)))
        self.assertIn("### Worse: 1", out)
        self.assertIn("2.00x", out)

    def test_where_more_is_better_twice_is_better(self):
        old, new = (lines("preempt", around(middle), better="higher") for middle in (100, 200))
        out = self.compare(old, new)
        self.assertIn("### Better: 1", out)

    def test_a_slower_machine_is_no_change(self):
        old = lines("preempt", around(100, seed=1)) + lines("mutex pool", around(50, seed=2))
        new = lines("preempt", around(200, seed=3)) + lines("mutex pool", around(100, seed=4))
        out = self.compare(old, new)
        self.assertIn("1 are unchanged", out)
        self.assertRegex(out, "the median is (1.9|2.0).x of what it was")

    def test_ours_became_slower_beside_a_peer_that_did_not(self):
        old = lines("preempt", around(100)) + lines("mutex pool", around(50))
        new = lines("preempt", around(200)) + lines("mutex pool", around(50))
        out = self.compare(old, new)
        self.assertIn("### Worse: 1", out)
        self.assertIn("x of mutex pool", out)

    def test_repetitions_are_paired(self):
        # The machine is three times as slow in half of the repetitions: only the ratios are steady.
        old_peer, new_peer = [10, 30, 10, 30, 10, 30], [30, 10, 30, 10, 30, 10]
        old = lines("preempt", [2 * value for value in old_peer]) + lines("mutex pool", old_peer)
        new = lines("preempt", [3 * value for value in new_peer]) + lines("mutex pool", new_peer)
        self.assertIn("### Worse: 1", self.compare(old, new))

    def test_simulated_limits_are_no_peers(self):
        # Those stay as they are however slow the machine is; here a ratio to them would say that nothing changed.
        old = lines("preempt", around(100)) + lines("ideal: shortest remaining first", around(10))
        new = lines("preempt", around(300)) + lines("ideal: shortest remaining first", around(30))
        self.assertIn("### Worse: 1", self.compare(old, new))

    def test_two_samples_are_too_few(self):
        out = self.compare(lines("preempt", [100, 101]), lines("preempt", [200, 201]))
        self.assertIn("fewer than 3 samples cannot tell: 1", out)
        self.assertIn("### Worse: 0", out)

    def test_what_only_one_has_is_listed(self):
        out = self.compare(lines("preempt", around(1), workload="went"), lines("preempt", around(1), workload="came"))
        self.assertIn("Only in the old one: 1", out)
        self.assertIn("micro, went", out)
        self.assertIn("micro, came", out)

    def test_a_peer_of_zero_is_passed_over(self):
        both = lines("preempt", around(10)) + lines("nothing", [0, 0, 0])
        self.assertIn("1 are unchanged", self.compare(both, both))

    def test_missing_file(self):
        result = self.run_compare(self.path("nowhere.csv"), self.path("nowhere.csv"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("nowhere.csv: No such file or directory", result.stderr)

    def test_file_that_is_something_else(self):
        with open(self.path("other.csv"), "w", encoding="utf-8") as file:
            file.write("a,b\n1,2\n")
        result = self.run_compare(self.path("other.csv"), self.path("other.csv"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("the first line is not", result.stderr)

    def test_value_that_is_no_number(self):
        with open(self.path("bad.csv"), "w", encoding="utf-8") as file:
            file.write(HEAD + '"micro","w","preempt","time","ns","lower",fast\n')
        result = self.run_compare(self.path("bad.csv"), self.path("bad.csv"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("bad.csv:2: no number", result.stderr)


if __name__ == "__main__":
    unittest.main()
