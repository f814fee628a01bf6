"""What is made from the commands' own help: the man page, and the words that TAB completes."""
