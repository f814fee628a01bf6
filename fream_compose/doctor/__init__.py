"""Finds out what is wrong with a server and a project: facts first, then pure checks."""
