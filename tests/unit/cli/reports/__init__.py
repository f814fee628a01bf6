"""Tests of how a run is told while it goes on."""
