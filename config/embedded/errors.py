class CannotStart(Exception):
    """Something that a person has to put right; the text says what is wrong and what to do."""
