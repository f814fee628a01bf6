"""nginx: its files, its answers and its log."""
