"""Errors of notification's domain and how they are answered."""

from commonground.idempotency import IdempotencyConflictError
from commonground.problems import ProblemType
from notification.domain import messages, templates, webhooks

PROBLEMS: dict[type[Exception], ProblemType] = {
    messages.MessageNotFoundError: ProblemType(404, "message-not-found", "There is no such message"),
    messages.ReportNotFoundError: ProblemType(404, "report-not-found", "Nothing is known of this report"),
    messages.MessageUnderWayError: ProblemType(409, "message-under-way", "The message is still to be sent"),
    messages.NoAddressError: ProblemType(409, "no-address", "The reporter cannot be reached by e-mail"),
    messages.WordsRemovedError: ProblemType(409, "words-removed", "What the message said has been removed"),
    templates.TemplateOutdatedError: ProblemType(
        409, "template-outdated", "Somebody else has saved another version in the meantime"
    ),
    webhooks.SubscriptionNotFoundError: ProblemType(404, "subscription-not-found", "There is no such subscription"),
    webhooks.SubscriptionExistsError: ProblemType(
        409, "subscription-exists", "Another subscription of this municipality has this name"
    ),
    webhooks.SubscriptionOutdatedError: ProblemType(
        409, "subscription-outdated", "Somebody else has changed the subscription in the meantime"
    ),
    webhooks.TooManySubscriptionsError: ProblemType(
        409, "too-many-subscriptions", "The municipality has as many subscriptions as it may have"
    ),
    IdempotencyConflictError: ProblemType(
        409, "idempotency-conflict", "This Idempotency-Key was used for another request"
    ),
}
