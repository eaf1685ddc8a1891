"""How the errors of the domain are answered."""

from commonground.idempotency import IdempotencyConflictError
from commonground.problems import ProblemType
from routing.domain import errors

PROBLEMS: dict[type[Exception], ProblemType] = {
    errors.ReportNotFoundError: ProblemType(404, "report-not-found", "There is no such report"),
    errors.ReportNotRoutedYetError: ProblemType(
        409, "report-not-routed-yet", "The report has no category yet; try again in a moment"
    ),
    errors.AnotherDepartmentError: ProblemType(403, "another-department", "The report belongs to another department"),
    errors.AnotherMunicipalityError: ProblemType(403, "another-municipality", "You do not work for that municipality"),
    errors.RuleNotFoundError: ProblemType(404, "rule-not-found", "There is no such rule"),
    errors.RuleChangedError: ProblemType(409, "rule-changed", "Somebody else has changed the rule; read it again"),
    errors.RuleOrderChangedError: ProblemType(
        409, "rule-order-changed", "The order does not name every rule once; read the rules again"
    ),
    errors.CategoryNotFoundError: ProblemType(404, "category-not-found", "There is no such category"),
    errors.DepartmentNeededError: ProblemType(
        409, "department-needed", "Reports that go nowhere else go to this department; it stays active"
    ),
    IdempotencyConflictError: ProblemType(
        409, "idempotency-conflict", "This Idempotency-Key was used for another request"
    ),
}
