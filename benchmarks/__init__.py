"""Measures fream against the engine's limit and against the old deploy script."""
