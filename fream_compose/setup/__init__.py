"""What `fream init` writes."""
