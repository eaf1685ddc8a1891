"""What ``manage rebuild`` makes again from the topics: copies of what other blocks own, not cases and history."""

from commonground.messaging.rebuild import Projections
from handling.store import copies
from handling.tables import categories, departments, reports, staff

PROJECTIONS = Projections(
    tables=(reports, categories, departments, staff),
    topics=frozenset(
        {
            "meldstroom.intake.report-texts.v1",
            "meldstroom.intake.report-contacts.v1",
            "meldstroom.classification.explanations.v1",
            "meldstroom.classification.categories.v1",
            "meldstroom.routing.departments.v1",
            "meldstroom.gateway.users.v1",
        }
    ),
    # When handling heard of a removal; the topics hold the removal for a week only.
    moments=frozenset({"reports.text_removed_at", "reports.contact_removed_at"}),
    carry=copies.carry_removals,
)
