"""Errors of intake's domain and how they are answered."""

from commonground.idempotency import IdempotencyConflictError
from commonground.problems import ProblemType
from intake import domain, photos

PROBLEMS: dict[type[Exception], ProblemType] = {
    domain.ReportNotFoundError: ProblemType(404, "report-not-found", "There is no such report"),
    domain.AttachmentNotFoundError: ProblemType(404, "attachment-not-found", "There is no such photo"),
    domain.RateLimitedError: ProblemType(429, "too-many-requests", "You send too much in a short time"),
    photos.PhotoRefusedError: ProblemType(400, "photo-refused", "The photo cannot be taken"),
    IdempotencyConflictError: ProblemType(
        409, "idempotency-conflict", "This Idempotency-Key was used for another request"
    ),
}
