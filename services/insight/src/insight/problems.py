"""How the errors of the domain are answered."""

from commonground.problems import ProblemType
from insight import domain

PROBLEMS: dict[type[Exception], ProblemType] = {
    domain.AnotherMunicipalityError: ProblemType(403, "another-municipality", "You do not work for that municipality"),
}
