"""Writes both, so that 1.0.0 finds what was written meanwhile; still reads the old one."""

READ = "SELECT name FROM people ORDER BY id DESC LIMIT 20"
WRITE = "INSERT INTO people (name, full_name) VALUES (:name, :name)"
