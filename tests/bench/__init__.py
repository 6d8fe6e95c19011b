"""Test the benchmarks."""
