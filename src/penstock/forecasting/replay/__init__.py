"""Replay: what a forecaster would have said at every past cutoff, knowing only what was known then."""
