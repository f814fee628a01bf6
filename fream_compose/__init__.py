"""Zero-downtime blue/green releases for Docker Compose, with nginx in front."""

__version__ = "0.1.0"
AGENT = f"fream/{__version__}"  # how fream calls itself where it asks by HTTP
