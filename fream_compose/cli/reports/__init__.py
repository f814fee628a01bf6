"""How a run is told while it goes on: to a person, to a log, to a program."""
