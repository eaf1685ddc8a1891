"""SYNTHETIC cases for measurements: many rows in a short time, alike in size and spread to those of a city.

A thousand reports a day, the newest first; of the newest 28,000 most are open, of the older ones one in a hundred.
"""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from commonground.database import Database

BATCH = 20_000

# Slug, main category, department; the first ones occur most.
_CATEGORIES = (
    ("grofvuil", "afval", "AFV"),
    ("prullenbak-is-vol", "afval", "AFV"),
    ("straatverlichting", "wegen-verkeer-straatmeubilair", "VRL"),
    ("onderhoud-stoep-straat-en-fietspad", "wegen-verkeer-straatmeubilair", "WEG"),
    ("container-is-vol", "afval", "AFV"),
    ("veeg-zwerfvuil", "schoon", "STW"),
    ("boom", "openbaar-groen-en-water", "STW"),
    ("parkeeroverlast", "overlast-in-de-openbare-ruimte", "HAN"),
    ("fietswrak", "overlast-in-de-openbare-ruimte", "HAN"),
    ("maaien-snoeien", "openbaar-groen-en-water", "STW"),
    ("gladheid", "wegen-verkeer-straatmeubilair", "WEG"),
    ("hondenpoep", "overlast-in-de-openbare-ruimte", "HAN"),
    ("graffiti-wildplak", "schoon", "STW"),
    ("verkeersbord-verkeersafzetting", "wegen-verkeer-straatmeubilair", "WEG"),
    ("onkruid", "openbaar-groen-en-water", "STW"),
    ("verkeerslicht", "wegen-verkeer-straatmeubilair", "VRI"),
    ("put-riolering-verstopt", "wegen-verkeer-straatmeubilair", "WAT"),
    ("ratten", "overlast-van-dieren", "GGD"),
    ("geluidsoverlast-muziek", "overlast-bedrijven-en-horeca", "VTH"),
    ("speelplaats", "wegen-verkeer-straatmeubilair", "STW"),
    ("jongerenoverlast", "overlast-van-en-door-personen-of-groepen", "OOV"),
    ("geluidsoverlast-installaties", "overlast-bedrijven-en-horeca", "OMG"),
    ("onderhuur-en-adreskwaliteit", "wonen", "WON"),
    ("vermoeden", "ondermijning", "OOV"),
    ("overig", "overig", "MLD"),
)

_categories = ", ".join(f"({n}, '{slug}', '{main}', '{unit}')" for n, (slug, main, unit) in enumerate(_CATEGORIES))

_CASES = sa.text(
    f"""
    WITH known AS (SELECT count(*) AS n FROM cases),
    subject (place, slug, main, unit) AS (VALUES {_categories}),
    drawn AS MATERIALIZED (
        SELECT known.n + i AS i, gen_random_uuid() AS id, gen_random_uuid() AS report_id,
               floor({len(_CATEGORIES)} * power(random(), 2))::int AS place, random() AS r1, random() AS r2,
               random() AS r3, random() AS r4, random() AS r5,
               now() - (known.n + i) * interval '86.4 seconds' AS submitted_at
        FROM known, generate_series(1, :number) AS i
    ),
    made AS MATERIALIZED (
        SELECT drawn.*, slug, main, unit,
               CASE WHEN r1 < CASE WHEN i < 28000 THEN 0.7 ELSE 0.01 END
                    THEN (ARRAY['reported', 'reported', 'reported', 'in-progress', 'in-progress', 'planned',
                                'awaiting-handling', 'reaction-requested', 'reopened'])[1 + floor(r2 * 9)::int]
                    WHEN r2 < 0.95 THEN 'closed' ELSE 'cancelled' END AS status
        FROM drawn JOIN subject USING (place)
    ),
    wrote AS (
        INSERT INTO reports (report_id, case_id, text_sequence, description, address, address_text, answers,
                             attachments, language, contact_sequence, email, contact_language)
        SELECT report_id, id, 1,
               (ARRAY['Er ligt al een week', 'Sinds gisteren staat er', 'Hier is', 'Voor de deur zit',
                      'Op de hoek ligt'])[1 + floor(r3 * 5)::int] || ' ' ||
               (ARRAY['een kapotte lamp in de lantaarnpaal', 'een losse stoeptegel', 'een berg grofvuil',
                      'een omgevallen boom', 'een volle prullenbak', 'veel onkruid',
                      'een gat in het fietspad', 'een fietswrak'])[1 + floor(r4 * 8)::int] ||
               ', graag snel iets aan doen want het is gevaarlijk voor kinderen en ouderen. Kenmerk proef' || i,
               jsonb_build_object('street', 'Proefstraat ' || floor(r5 * 600)::int, 'houseNumber',
                                  1 + floor(r3 * 200)::int, 'city', 'Voorbeeldstad'),
               'Proefstraat' || floor(r5 * 600)::int || ' ' || (1 + floor(r3 * 200)::int) || ' Voorbeeldstad',
               '[]', '[]', 'nl', 1, 'proef' || i || '@example.org', 'nl'
        FROM made
    ),
    opened AS (
        INSERT INTO history (id, case_id, at, kind, after, details, version)
        SELECT gen_random_uuid(), id, submitted_at, kind, after, '{{}}', version
        FROM made, LATERAL (VALUES ('opened', 'reported', 1), ('category', slug, 2), ('department', unit, 3))
                   AS entry (kind, after, version)
    ),
    moved AS (
        INSERT INTO history (id, case_id, at, kind, actor, before, after, details, version)
        SELECT gen_random_uuid(), id, submitted_at + interval '3 days', 'status', 'synthetic', 'reported', status,
               '{{}}', 4
        FROM made WHERE status <> 'reported'
    )
    INSERT INTO cases (id, report_id, municipality, submitted_sequence, number, submitted_at, longitude, latitude,
                       source, attachment_count, has_contact, classified_sequence, category, main_category,
                       category_origin, confidence, routed_sequence, department, department_name, deadline, term_days,
                       term_kind, status, priority, assignee, changed_at, version, event_sequence,
                       status_changed_at)
    SELECT id, report_id, :municipality, 1, 'S-' || (90000000000 + i), submitted_at, 6.50 + r3 * 0.13,
           52.95 + r4 * 0.08, 'synthetic', floor(r5 * 3)::int, true, 1, slug, main, 'model', 0.5 + r2 / 2, 1, unit,
           unit, submitted_at + (1 + floor(r5 * 20)::int) * interval '1 day', 5, 'working', status,
           CASE WHEN r4 < 0.05 THEN 3 WHEN r4 < 0.9 THEN 2 ELSE 1 END,
           CASE WHEN r5 < 0.4 THEN 'synthetic-' || floor(r3 * 200)::int END,
           submitted_at + CASE WHEN status = 'reported' THEN interval '2 seconds' ELSE interval '3 days' END,
           4, 2, submitted_at + CASE WHEN status = 'reported' THEN interval '0' ELSE interval '3 days' END
    FROM made
    """  # noqa: S608 - the constants above
)


async def add_cases(session: AsyncSession, municipality: str, number: int) -> None:
    """Add synthetic cases, older than those that are there."""
    await session.execute(_CASES, {"municipality": municipality, "number": number})


async def analyze(database: Database) -> None:
    """Let PostgreSQL know the new rows, as its own housekeeping would do after a while."""
    async with database.engine.connect() as raw:
        connection = await raw.execution_options(isolation_level="AUTOCOMMIT")
        for table in ("cases", "reports", "history"):
            await connection.execute(sa.text(f"VACUUM ANALYZE {table}"))
