async def test_starts(database, client):
    assert (await client.get("/readyz")).status_code == 200
