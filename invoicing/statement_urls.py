from django.urls import path

from invoicing.views import claims, statement, statements

_ONE = "invoices/statements/<int:statement>/"
urlpatterns = [
    path("invoices/statements/", statements.statements, name="statements"),
    path(
        "invoices/statements/mappings/<int:statement_mapping>/forget/",
        statements.statement_forget_mapping,
        name="statement_forget_mapping",
    ),
    path(_ONE, statement.statement, name="statement"),
    path(f"{_ONE}columns/", statements.statement_columns, name="statement_columns"),
    path(f"{_ONE}words/", statement.statement_words, name="statement_words"),
    path(f"{_ONE}answer/", statement.statement_answer, name="statement_answer"),
    path(f"{_ONE}answers/<int:statement_answer>/undo/", statement.statement_undo, name="statement_undo"),
    path(f"{_ONE}again/", statement.statement_again, name="statement_again"),
    path(f"{_ONE}remove/", statement.statement_remove, name="statement_remove"),
    path(f"{_ONE}claims/", claims.statement_claims, name="statement_claims"),
    path(f"{_ONE}claims.csv", claims.statement_claims_csv, name="statement_claims_csv"),
    path(f"{_ONE}refused.csv", claims.statement_refused_csv, name="statement_refused_csv"),
]
