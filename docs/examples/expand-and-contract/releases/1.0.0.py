"""Only the old column."""

READ = "SELECT name FROM people ORDER BY id DESC LIMIT 20"
WRITE = "INSERT INTO people (name) VALUES (:name)"
