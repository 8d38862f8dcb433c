"""Marketplaces: connections, listings, sync, and the API they call."""
