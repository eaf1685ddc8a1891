"""What can be wrong in routing, in its own words."""


class ReportNotFoundError(Exception):
    """There is no such report, or not in a municipality of this caller."""


class ReportNotRoutedYetError(Exception):
    """The report waits for its category, without which there is no term."""


class AnotherDepartmentError(Exception):
    """The report belongs to a department of which the caller is no member."""


class AnotherMunicipalityError(Exception):
    """The caller, or this deployment, does not serve that municipality."""


class RuleNotFoundError(Exception):
    """There is no such rule, or not in a municipality of this caller."""


class RuleChangedError(Exception):
    """Somebody changed the rule after the caller had read it."""


class RuleOrderChangedError(Exception):
    """The given order does not hold exactly the rules that exist now."""


class CategoryNotFoundError(Exception):
    """Routing knows no such category in this municipality."""


class DepartmentNeededError(Exception):
    """The department is the one where everything ends that goes nowhere else."""
