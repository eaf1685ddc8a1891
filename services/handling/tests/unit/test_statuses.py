"""The workflow, every pair of statuses, and what a change asks for."""

from itertools import product

import pytest

from commonground.problems import InvalidInputError
from handling.domain import statuses
from handling.domain.statuses import LABELS, MessageKind, Status, StatusChange, TransitionNotAllowedError, decide

# Written out a second time, by hand and in another form, so that a slip in the domain's table is seen here.
ALLOWED = """
reported            reported awaiting-handling in-progress external-to-send closed cancelled planned reaction-requested forwarded
awaiting-handling   reported awaiting-handling planned closure-requested closed external-to-send in-progress cancelled reaction-requested forwarded
in-progress         reported planned in-progress closed cancelled external-to-send closure-requested reaction-requested forwarded
planned             reported planned in-progress closed cancelled closure-requested reaction-requested forwarded
on-hold             planned cancelled
external-to-send    external-sent external-failed cancelled
external-sent       external-done cancelled
external-failed     reported external-to-send cancelled
external-done       closed cancelled in-progress
closed              reopened reopen-requested
cancelled           cancelled reopened in-progress
reopened            reopened in-progress closed cancelled external-to-send reported reaction-requested forwarded
split
closure-requested   reported closure-requested awaiting-handling closed cancelled in-progress forwarded
reopen-requested    closed reopened cancelled
reaction-requested  reported awaiting-handling in-progress planned closed cancelled reaction-requested reaction-received external-to-send forwarded
reaction-received   reported awaiting-handling in-progress closed cancelled planned reaction-requested external-to-send forwarded
forwarded           closure-requested reported awaiting-handling in-progress forwarded planned closed cancelled reaction-requested reaction-received external-to-send
"""
TABLE = {words[0]: set(words[1:]) for words in map(str.split, ALLOWED.strip().splitlines())}
TARGETS = frozenset({"sweepers"})


def step(current: Status, wanted: Status, **more):
    change = StatusChange(wanted, text="Tekst", target="sweepers" if wanted is Status.EXTERNAL_TO_SEND else None)
    settings = {"reporter_has_email": True, "targets": TARGETS, "by_application": True, **more}
    return decide(current, change, **settings)


@pytest.mark.parametrize(("current", "wanted"), product(Status, Status))
def test_the_workflow_allows_exactly_the_steps_of_the_table(current, wanted):
    if wanted.value in TABLE[current.value]:
        step(current, wanted)
    else:
        with pytest.raises(TransitionNotAllowedError) as refused:
            step(current, wanted)
        assert set(refused.value.allowed) <= {Status(code) for code in TABLE[current.value]}


@pytest.mark.parametrize(("current", "wanted"), product(Status, sorted(statuses.APPLICATION_ONLY)))
def test_people_cannot_set_what_only_the_application_knows(current, wanted):
    with pytest.raises(InvalidInputError) as refused:
        step(current, wanted, by_application=False)
    assert refused.value.errors[0].code == "application-only"


@pytest.mark.parametrize("current", list(Status))
def test_every_choice_that_is_offered_is_allowed(current):
    for wanted in statuses.choices(current, targets=TARGETS):
        step(current, wanted, by_application=False)


def test_external_systems_are_offered_only_where_there_are_any():
    assert Status.EXTERNAL_TO_SEND in statuses.choices(Status.REPORTED, targets=TARGETS)
    assert Status.EXTERNAL_TO_SEND not in statuses.choices(Status.REPORTED, targets=frozenset())


def test_every_status_has_two_names_and_they_differ_from_each_other():
    assert set(LABELS) == set(Status)
    assert len({label[0] for label in LABELS.values()}) == len(Status)
    assert len({label[1] for label in LABELS.values()}) == len(Status)


@pytest.mark.parametrize("status", list(Status))
def test_the_public_sees_open_or_closed(status):
    closed = status.value in {"closed", "cancelled", "split"}
    assert statuses.public_status(status) == ("closed" if closed else "open")


def refusals(current: Status, change: StatusChange, **more) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as refused:
        decide(current, change, **{"reporter_has_email": True, "targets": TARGETS, **more})
    return {error.field: error.code for error in refused.value.errors}


@pytest.mark.parametrize(
    ("current", "wanted"),
    [
        (Status.REPORTED, Status.CLOSED),
        (Status.CLOSED, Status.REOPENED),
        (Status.REPORTED, Status.REACTION_REQUESTED),
        (Status.REPORTED, Status.FORWARDED),
    ],
)
def test_some_statuses_need_a_text(current, wanted):
    notify = None if wanted is Status.REACTION_REQUESTED else False
    assert refusals(current, StatusChange(wanted, notify_reporter=notify)) == {"body.text": "missing"}


def test_a_text_to_the_reporter_cannot_be_left_out():
    change = StatusChange(Status.PLANNED, notify_reporter=True)
    assert refusals(Status.REPORTED, change) == {"body.text": "missing"}


def test_a_question_is_shorter_than_another_text():
    question = StatusChange(Status.REACTION_REQUESTED, text="?" * 1001)
    assert refusals(Status.REPORTED, question) == {"body.text": "too-long"}
    assert decide(Status.REPORTED, StatusChange(Status.PLANNED, text="." * 3000), reporter_has_email=False) is None
    assert refusals(Status.REPORTED, StatusChange(Status.PLANNED, text="." * 3001)) == {"body.text": "too-long"}


def test_a_question_needs_somebody_who_can_be_asked():
    question = StatusChange(Status.REACTION_REQUESTED, text="Waar precies?")
    assert refusals(Status.REPORTED, question, reporter_has_email=False) == {"body.status": "no-email"}
    silent = StatusChange(Status.REACTION_REQUESTED, text="Waar precies?", notify_reporter=False)
    assert refusals(Status.REPORTED, silent) == {"body.notifyReporter": "not-allowed"}


def test_only_sending_to_an_external_system_takes_a_target_and_it_must_be_known():
    send = Status.EXTERNAL_TO_SEND
    assert refusals(Status.REPORTED, StatusChange(send)) == {"body.target": "missing"}
    assert refusals(Status.REPORTED, StatusChange(send, target="moon")) == {"body.target": "unknown-target"}
    assert refusals(Status.REPORTED, StatusChange(Status.PLANNED, target="sweepers")) == {"body.target": "not-allowed"}


def test_all_that_is_wrong_is_told_at_once():
    change = StatusChange(Status.EXTERNAL_TO_SEND, notify_reporter=True)
    assert refusals(Status.REPORTED, change) == {
        "body.text": "missing",
        "body.target": "missing",
        "body.notifyReporter": "not-allowed",
    }


@pytest.mark.parametrize(
    ("current", "wanted", "notify", "kind"),
    [
        (Status.REPORTED, Status.CLOSED, None, MessageKind.CLOSING),
        (Status.REPORTED, Status.CLOSED, False, None),
        (Status.REPORTED, Status.CANCELLED, None, None),
        (Status.REPORTED, Status.CANCELLED, True, MessageKind.CLOSING),
        (Status.CLOSED, Status.REOPENED, None, MessageKind.UPDATE),
        (Status.REPORTED, Status.PLANNED, None, None),
        (Status.REPORTED, Status.PLANNED, True, MessageKind.UPDATE),
        (Status.REPORTED, Status.REACTION_REQUESTED, None, MessageKind.QUESTION),
        (Status.REPORTED, Status.REACTION_REQUESTED, True, MessageKind.QUESTION),
    ],
)
def test_who_hears_of_what(current, wanted, notify, kind):
    change = StatusChange(wanted, text="Tekst", notify_reporter=notify)
    assert decide(current, change, reporter_has_email=True) is kind
