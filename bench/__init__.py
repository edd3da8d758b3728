"""Benchmarks: Cordboard against a bare aiohttp server, in one run, in alternating slices."""
