"""Only the new column: 2.0.0 would not find what is written from here on."""

READ = "SELECT full_name FROM people ORDER BY id DESC LIMIT 20"
WRITE = "INSERT INTO people (full_name) VALUES (:name)"
