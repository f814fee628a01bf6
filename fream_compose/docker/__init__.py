"""Docker: Compose, containers, images and the engine."""
