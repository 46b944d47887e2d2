"""Accuracy and speed, measured; ``make bench`` runs them all and writes ``benchmarks/results/``."""
