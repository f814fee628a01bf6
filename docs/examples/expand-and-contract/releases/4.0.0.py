"""As 3.0.0."""

READ = "SELECT full_name FROM people ORDER BY id DESC LIMIT 20"
WRITE = "INSERT INTO people (full_name) VALUES (:name)"
