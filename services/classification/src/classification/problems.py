"""Errors of classification's domain and how they are answered."""

from classification import domain
from commonground.idempotency import IdempotencyConflictError
from commonground.problems import ProblemType

PROBLEMS: dict[type[Exception], ProblemType] = {
    domain.ReportNotFoundError: ProblemType(404, "report-not-found", "There is no such report"),
    IdempotencyConflictError: ProblemType(
        409, "idempotency-conflict", "This Idempotency-Key was used for another request"
    ),
}
