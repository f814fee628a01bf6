"""Breaks the lines that carry the promise, one at a time: each time a test must fail."""
