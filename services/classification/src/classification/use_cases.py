"""What somebody can do with classification, one function each."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from classification import events, seeds, store
from classification.domain import (
    Candidate,
    Judgement,
    Origin,
    ReportNotFoundError,
    Thresholds,
    Tree,
    judge,
    named_category,
)
from classification.model.predictor import Predictor
from commonground.auth import Principal
from commonground.messaging import Outgoing, Received, publish_all, publish_removals

log = structlog.get_logger(__name__)


async def hear_reports(session: AsyncSession, received: Sequence[Received]) -> None:
    """Keep which category the sender named, and classify the reports whose text is known already."""
    newest = _newest(received)
    rows = [
        {
            "report_id": event.data.report_id,
            "municipality": event.data.municipality,
            "chosen_category": event.data.chosen_category,
            "submitted_sequence": event.sequence,
        }
        for event in newest.values()
    ]
    merged = await store.merge_submissions(session, rows)
    await _classify(session, merged, newest)


async def predict_reports(
    session: AsyncSession, received: Sequence[Received], predictor: Predictor, thresholds: Thresholds
) -> None:
    """Ask the model about new texts, keep and tell its answer, and classify the reports that are known already.

    The text itself is not kept.
    """
    newest = _newest(received)
    trees = await store.trees(session, {event.data.municipality for event in newest.values()})
    asked = [(event.data.description, trees[event.data.municipality]) for event in newest.values()]
    answers = await asyncio.to_thread(_ask, predictor, asked, thresholds)
    now = datetime.now(UTC)
    rows = [
        {
            "report_id": event.data.report_id,
            "municipality": event.data.municipality,
            "model_category": judgement.chosen.category,
            "model_confidence": judgement.chosen.confidence,
            "model_version": predictor.version,
            "predictions": predictions,
            "predicted_at": now,
            "text_sequence": event.sequence,
        }
        for event, (judgement, predictions) in zip(newest.values(), answers, strict=True)
    ]
    merged = await store.merge_predictions(session, rows)
    await publish_all(session, [_explained(row, newest[row.report_id]) for row in merged])
    await _classify(session, merged, newest, trees)


def _newest(received: Sequence[Received]) -> dict[UUID, Received]:
    newest: dict[UUID, Received] = {}
    for event in received:
        known = newest.get(event.data.report_id)
        if known is None or event.sequence > known.sequence:
            newest[event.data.report_id] = event
    return newest


def _ask(
    predictor: Predictor, asked: Sequence[tuple[str, Tree]], thresholds: Thresholds
) -> list[tuple[Judgement, list[dict[str, Any]]]]:
    """Return the model's judgement of each text with its best guesses as they are stored; runs in a thread."""
    answers = []
    for assessment, (_, tree) in zip(predictor.assess([text for text, _ in asked]), asked, strict=True):
        judgement = judge(assessment.probabilities, tree, thresholds)
        words = assessment.words([candidate.category for candidate in judgement.top])
        predictions = [
            {
                "category": candidate.category,
                "mainCategory": candidate.main_category,
                "confidence": candidate.confidence,
                "words": words[candidate.category],
            }
            for candidate in judgement.top
        ]
        answers.append((judgement, predictions))
    return answers


def _explained(row: Any, cause: Received) -> Outgoing:
    data = events.ClassificationExplained(
        report_id=row.report_id,
        municipality=row.municipality,
        predictions=[events.Prediction.model_validate(one) for one in row.predictions],
    )
    return Outgoing(data, str(row.report_id), str(row.report_id), row.text_sequence, cause)


async def _classify(
    session: AsyncSession,
    merged: Sequence[Any],
    causes: Mapping[UUID, Received],
    trees: Mapping[str, Tree] | None = None,
) -> None:
    """Give the reports of which both halves are known their first category."""
    ready = [
        row
        for row in merged
        if row.version == 0 and row.submitted_sequence is not None and row.text_sequence is not None
    ]
    if not ready:
        return
    trees = trees or await store.trees(session, {row.municipality for row in ready})
    now = datetime.now(UTC)
    rows = [_first_classification(row, trees[row.municipality], now) for row in ready]
    await _add(session, rows, causes)


def _first_classification(row: Any, tree: Tree, now: datetime) -> dict[str, Any]:
    named = named_category(row.chosen_category, tree)
    category = named or row.model_category
    return {
        "report_id": row.report_id,
        "version": 1,
        "municipality": row.municipality,
        "category": category,
        "main_category": tree.main_of.get(category, category),
        "origin": Origin.REPORTER if named else Origin.MODEL,
        "confidence": None if named else row.model_confidence,
        "model_version": None if named else row.model_version,
        "actor": None,
        "classified_at": now,
    }


async def _add(
    session: AsyncSession, rows: Sequence[dict[str, Any]], causes: Mapping[UUID, Received] | None = None
) -> None:
    await store.add_classifications(session, rows)
    told = [
        Outgoing(
            events.ReportClassified(**{name: value for name, value in row.items() if name not in {"version", "actor"}}),
            str(row["report_id"]),
            str(row["report_id"]),
            row["version"],
            (causes or {}).get(row["report_id"]),
        )
        for row in rows
    ]
    await publish_all(session, told)


async def forget_words(session: AsyncSession, report_ids: Sequence[UUID]) -> None:
    """Remove the words of reports whose text was removed, and tell everyone who has them."""
    removed = await store.forget_predictions(session, report_ids)
    await publish_removals(session, events.EXPLANATIONS, {str(row.report_id): row.text_sequence + 1 for row in removed})


async def correct_classification(
    session: AsyncSession, principal: Principal, report_id: UUID, category: str
) -> dict[str, Any]:
    """Give a report another category; return the new classification.

    Kept for later learning. Raises ``ReportNotFoundError`` when the report is unknown here or belongs to another
    municipality, and ``CategoryUnknownError``.
    """
    report = await store.report(session, report_id, lock=True)
    if report is None or report.municipality not in principal.municipalities:
        raise ReportNotFoundError
    tree = (await store.trees(session, {report.municipality}))[report.municipality]
    row = {
        "report_id": report_id,
        "version": report.version + 1,
        "municipality": report.municipality,
        "category": category,
        "main_category": tree.main_category(category),
        "origin": Origin.HANDLER,
        "confidence": None,
        "model_version": None,
        "actor": principal.subject,
        "classified_at": datetime.now(UTC),
    }
    await _add(session, [row])
    log.info("classification_corrected", report_id=str(report_id), category=category)
    return row


async def show_classifications(
    session: AsyncSession, principal: Principal, report_id: UUID
) -> tuple[Any, Sequence[Any]]:
    """Return what is known of a report and its classifications, newest first; raises ``ReportNotFoundError``."""
    report = await store.report(session, report_id)
    if report is None or report.municipality not in principal.municipalities:
        raise ReportNotFoundError
    return report, await store.history(session, report_id)


async def predict_text(
    session: AsyncSession, text: str, municipality: str, predictor: Predictor, thresholds: Thresholds
) -> tuple[Candidate, list[dict[str, Any]]]:
    """Return which category a report with this text would get, and the model's best guesses; keeps nothing."""
    trees = await store.trees(session, {municipality})
    [(judgement, predictions)] = await asyncio.to_thread(_ask, predictor, [(text, trees[municipality])], thresholds)
    return judgement.chosen, predictions


async def seed_categories(session: AsyncSession, municipality: str) -> int:
    """Put the starter tree in the database and tell what is new or has changed; return how many categories."""
    mains, rows = seeds.tree(municipality)
    renamed = await store.put_main_categories(session, mains)
    changed = {row.slug: row.version for row in await store.put_categories(session, rows, renamed)}
    names = {main["slug"]: main for main in mains}
    told = [
        Outgoing(
            events.CategoryChanged(
                **{name: row[name] for name in events.CategoryChanged.model_fields if name in row},
                main_name_nl=names[row["main_category"]]["name_nl"],
                main_name_en=names[row["main_category"]]["name_en"],
            ),
            f"{municipality}:{row['slug']}",
            f"{municipality}:{row['slug']}",
            changed[row["slug"]],
        )
        for row in rows
        if row["slug"] in changed
    ]
    await publish_all(session, told)
    return len(told)
