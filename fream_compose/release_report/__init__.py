"""What there is to read of a release when it has ended: as a page, as words for a chat."""
