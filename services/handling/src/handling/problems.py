"""Errors of handling's domain and how they are answered."""

from commonground.idempotency import IdempotencyConflictError
from commonground.problems import ProblemType
from handling.domain.cases import CaseNotFoundError, VersionConflictError
from handling.domain.statuses import TransitionNotAllowedError

PROBLEMS: dict[type[Exception], ProblemType] = {
    CaseNotFoundError: ProblemType(404, "case-not-found", "There is no such case"),
    TransitionNotAllowedError: ProblemType(409, "transition-not-allowed", "The workflow does not allow this status"),
    VersionConflictError: ProblemType(409, "version-conflict", "Somebody else has changed the case"),
    IdempotencyConflictError: ProblemType(
        409, "idempotency-conflict", "This Idempotency-Key was used for another request"
    ),
}
