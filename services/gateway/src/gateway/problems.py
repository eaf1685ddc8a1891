"""Errors of the gateway as problem+json."""

from commonground.problems import ProblemType
from gateway import domain

PROBLEMS: dict[type[Exception], ProblemType] = {
    domain.UserNotFoundError: ProblemType(404, "user-not-found", "There is no such user"),
    domain.RoleNotFoundError: ProblemType(404, "role-not-found", "There is no such role"),
    domain.UserExistsError: ProblemType(409, "user-exists", "Another user has this user name or e-mail address"),
    domain.RoleExistsError: ProblemType(409, "role-exists", "Another role has this code"),
    domain.LastAdministratorError: ProblemType(
        409, "last-administrator", "Afterwards nobody could manage users any more"
    ),
    domain.ChangedMeanwhileError: ProblemType(
        409, "changed-meanwhile", "Somebody else has changed it; read it again first"
    ),
    domain.AccountInactiveError: ProblemType(
        401, "account-inactive", "This account has been deactivated", {"WWW-Authenticate": "Bearer"}
    ),
}
