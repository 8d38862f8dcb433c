"""The operator's work: what needs doing over all studios, new ones, looking into one, figures (docs/operator.md)."""
