"""Any panel of series in a user's own file, without code."""
