"""What ``manage rebuild`` makes again from the topics: all that insight holds."""

from commonground.messaging.rebuild import Projections
from insight.tables import categories, departments, reports

PROJECTIONS = Projections(
    tables=(reports, categories, departments),
    topics=frozenset(
        {
            "meldstroom.intake.reports.v1",
            "meldstroom.classification.classifications.v1",
            "meldstroom.classification.categories.v1",
            "meldstroom.routing.routings.v1",
            "meldstroom.routing.departments.v1",
            "meldstroom.handling.cases.v1",
        }
    ),
)
