"""A small shop: the app that fream releases in its demo and its end-to-end tests."""
