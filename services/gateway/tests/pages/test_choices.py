"""Lists to choose from are kept for a minute, each block's apart."""

import pytest


@pytest.mark.parametrize("order", [("/kaart", "/behandelen"), ("/behandelen", "/kaart")])
async def test_the_categories_of_the_map_and_of_the_desk_do_not_mix(hanna, order):
    for page in order:
        answer = await hanna.get(page)
        assert answer.status_code == 200, page
