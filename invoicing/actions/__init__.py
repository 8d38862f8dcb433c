from invoicing.actions.correcting import NotToCorrect, correct
from invoicing.actions.documenting import DOCUMENTS, make_documents
from invoicing.actions.issuing import ISSUE, Obstructed, issue, issue_or_note
from invoicing.actions.telling import tell

__all__ = [
    "DOCUMENTS",
    "ISSUE",
    "NotToCorrect",
    "Obstructed",
    "correct",
    "issue",
    "issue_or_note",
    "make_documents",
    "tell",
]
