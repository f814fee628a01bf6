"""What each command does, as the operator's story, and its parts."""
