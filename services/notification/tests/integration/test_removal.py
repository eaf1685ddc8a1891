"""What was removed stays removed: nothing that arrives afterwards brings an address or a word back."""

import sqlalchemy as sa

TABLES = ("reports", "messages", "deliveries", "outbox", "dead_letters", "idempotency_keys")


async def everything(database) -> str:
    """Return all that the database holds about reports, as text."""
    async with database.transaction() as session:
        rows = [(await session.execute(sa.text(f"SELECT t::text FROM {table} t"))).scalars().all() for table in TABLES]
    return str(rows)


async def test_nothing_that_comes_after_its_removal_is_kept(tell, send_all, mailbox, database):
    await tell.contact()
    await tell.text(description="Mijn buurman heet Pietersen")
    await tell.routing()
    await tell.message(text="Wij spraken met mevrouw De Boer")
    await send_all()
    secrets = ("melder@example.org", "Pietersen", "De Boer", "geheimtoken", "Vaart")
    before = await everything(database)
    assert [secret for secret in secrets if secret not in before] == []

    for stream in ("intake.report-contacts", "intake.report-texts", "handling.case-messages"):
        await tell.removed(stream)
    await tell.contact(sequence=2)
    await tell.text(description="Mijn buurman heet Pietersen", sequence=2)
    await tell.message(text="Wij spraken met mevrouw De Boer", sequence=2)
    await send_all()

    after = await everything(database)
    assert [secret for secret in secrets if secret in after] == []
    assert len(mailbox.mails) == 2


async def test_a_message_to_a_reporter_who_was_anonymised_before_we_heard_of_them_does_not_wait_for_ever(
    tell, send_all, states, database
):
    await tell.removed("intake.report-contacts")
    await tell.message(text="Wij spraken met mevrouw De Boer")
    await send_all()
    assert await states() == [("closing", "skipped")]
    assert "De Boer" not in await everything(database)
