"""The commands: each opens the project, asks one module to do the work, and says how it went."""
