"""The project's own files: settings, `.env`, and the state on disk."""
