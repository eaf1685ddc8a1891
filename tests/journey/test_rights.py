"""Who may do what, through the public API with real tokens."""

import pytest


@pytest.fixture
def lamp_case(api, wait, marker):
    """A case of the department of public lighting."""
    assert api.report(f"De lantaarnpaal doet het niet {marker}", email=f"{marker}@example.org").status == 201

    def routed():
        found = api.cases(f"q={marker}")
        return found and found[0]["department"] == "VRL" and found[0]

    return wait(routed, "the case of the lamp")


def test_a_handler_of_another_department_neither_sees_nor_changes_the_case(api, lamp_case):
    path = f"/api/handling/v1/cases/{lamp_case['id']}"
    assert api.call("GET", path, person="handler").status == 200
    assert api.call("GET", path, person="handler-waste").status in {403, 404}
    assert api.call("POST", f"{path}/notes", {"text": "x"}, person="handler-waste").status in {403, 404}
    listed = api.cases(f"number={lamp_case['number']}", person="handler-waste")
    assert listed == []


@pytest.mark.parametrize("path", ["/api/handling/v1/cases", "/api/notification/v1/messages", "/api/gateway/v1/users"])
def test_without_a_token_staff_data_stay_closed(api, path):
    assert api.call("GET", path).status == 401
    forged = api.token("coordinator")[:-6] + "AAAAAA"
    assert api.call("GET", path, Authorization=f"Bearer {forged}").status == 401


def test_two_handlers_who_change_the_same_case_do_not_overwrite_each_other(api, lamp_case):
    path = f"/api/handling/v1/cases/{lamp_case['id']}"
    version = api.call("GET", path, person="handler").body["version"]
    change = {"status": "in-progress", "text": None, "notifyReporter": False, "expectedVersion": version}
    assert api.call("POST", f"{path}/status-changes", change, person="handler").status == 201
    again = api.call("POST", f"{path}/status-changes", change | {"status": "planned"}, person="coordinator")
    assert again.status == 409


def test_a_contractor_sees_only_its_own_share_and_no_contact_data(api, lamp_case):
    detail = api.call("GET", f"/api/handling/v1/cases/{lamp_case['id']}", person="contractor")
    assert detail.status == 200
    assert detail.body["contact"] is None
