"""Fitpass One (sandbox): a marketplace to try Tresen against. A process of its own that speaks HTTP only.

It imports nothing of the rest of the project, and nothing of the project imports it: what the two know of each other
is what goes over the wire (docs/sandbox.md).
"""
