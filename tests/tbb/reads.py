#!/usr/bin/env python3
"""Writes reads.fastq, of random bases with a piece of an adapter at the end of each, and that adapter."""
import random

ADAPTER = "AGATCGGAAGAGCACACGTC"
READS = 5000

generator = random.Random(1)
with open("reads.fastq", "w", encoding="ascii") as file:
    for number in range(READS):
        bases = "".join(generator.choices("ACGT", k=generator.randint(40, 100)))
        read = bases + ADAPTER[: generator.randint(0, len(ADAPTER))]
        file.write(f"@{number}\n{read}\n+\n{'I' * len(read)}\n")
with open("adapter.fasta", "w", encoding="ascii") as file:
    file.write(f">adapter\n{ADAPTER}\n")
