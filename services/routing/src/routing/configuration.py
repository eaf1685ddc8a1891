"""The configuration of each municipality, kept in memory and read again as soon as it has changed."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import store
from routing.domain.decisions import Configuration
from routing.domain.terms import Calendar, LiberationDay, Term, TermKind
from routing.settings import Settings


class Configurations:
    """What decides about reports, per municipality.

    Each use asks the database for one small token; only when that differs, everything is read and the tree of
    areas is built again. So a new rule or area counts in every process from the next report on.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without reading anything."""
        self.settings = settings
        self._calendar = Calendar(
            settings.time_zone,
            liberation_day=LiberationDay(settings.liberation_day),
            good_friday=settings.good_friday,
            days_off=settings.days_off,
        )
        self._kept: dict[str, tuple[UUID | None, Configuration]] = {}

    async def current(self, session: AsyncSession, municipality: str) -> Configuration:
        """Return the configuration of ``municipality`` as this transaction sees it."""
        token = await store.configuration_token(session, municipality)
        kept = self._kept.get(municipality)
        if kept is not None and kept[0] == token:
            return kept[1]
        found = Configuration(
            departments={row.code: store.to_department(row) for row in await store.departments(session, municipality)},
            categories={row.slug: store.to_category(row) for row in await store.categories(session, municipality)},
            areas=[store.to_area(row) for row in await store.areas(session, municipality)],
            rules=[store.to_rule(row) for row in await store.rules(session, municipality)],
            calendar=self._calendar,
            fallback_department=self.settings.fallback_department,
            default_term=Term(self.settings.default_term_days, TermKind(self.settings.default_term_kind)),
        )
        self._kept[municipality] = (token, found)
        return found
