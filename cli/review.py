"""Uploads that wait for a coordinator, from the command line: the same functions as the page for it."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
import typer

from cli.options import InLanguage, TableJson, TableOrJson
from cli.output import print_json, print_table
from cli.reading import CannotRunError, open_store
from cli.uploads import Decision, Told, User, batch_of, cell, person_of, printed, refusals_in, told, told_conflict
from data_access import refreshing, store, updates
from data_access.accounts import Person
from data_access.updates import Review
from kpi.update import Change, kind_of
from kpi.update.changes import whole
from kpi.update.returned import ASKABLE

review_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Uploads that wait: list, show, publish, return."
)

Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why something is returned; the agency reads it.")
]


def add_to(app: typer.Typer) -> None:
    """Make `review` a command of the operator's tool."""
    app.add_typer(review_app, name="review")


@review_app.command("list")
def review_list(output: TableJson = TableOrJson.TABLE) -> None:
    """The batches that wait, the one that waits longest first."""
    found = printed(updates.list_waiting(open_store()))
    if output is TableOrJson.JSON:
        print_json(found.to_dicts())
    else:
        print_table(found)


@review_app.command("show")
def review_show(number: int, output: TableJson = TableOrJson.TABLE, language: InLanguage = "en") -> None:
    """A batch that was sent for review, compared with the register of this moment."""
    engine = open_store()
    newer = refreshing.waiting(engine, number)
    if newer is not None:
        said = _of_newer(newer)
        if output is TableOrJson.JSON:
            print_json({**batch_of(engine, number).to_dicts()[0], "problems": [], "changes": said.to_dicts()})
        else:
            print_table(batch_of(engine, number))
            print()
            print_table(said)
        return
    found = _review(number)
    changes = [_change(change, found) for change in _shown(found)]
    gone = [cell(change) for change in found.gone]
    problems = _problems(found, language)
    if output is TableOrJson.JSON:
        print_json({**batch_of(engine, number).to_dicts()[0], "problems": problems, "changes": changes, "gone": gone})
        return
    print_table(batch_of(engine, number))
    print()
    for problem in problems:
        print(problem["message"])
    if changes:
        print_table(pl.DataFrame(changes).drop("sent_old"))
    if gone:
        print(f"The register has by now: {', '.join(sorted({change['agreement'] or '' for change in gone}))}")


@review_app.command("publish")
def review_publish(
    number: int,
    user: User,
    only_agreement: Annotated[
        list[str] | None,
        typer.Option("--only-agreement", metavar="REF", help="Publish only this agreement's changes; may be repeated."),
    ] = None,
    conflicts: Annotated[
        Decision, typer.Option("--conflicts", help="Whose value holds where the register changed since it was sent.")
    ] = Decision.STOP,
    reason: Reason = "",
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Put what waits into the register, in whole or in part; the rest goes back to its agency with the reason."""
    person = person_of(open_store(), user)
    newer = refreshing.waiting(open_store(), number)
    if newer is not None:
        if only_agreement:
            raise CannotRunError("--only-agreement: a newer export is published as a whole, or returned.")
        _publish_newer(person, newer, conflicts, output, language)
        return
    found = _review(number)
    chosen = _chosen(found, only_agreement or [])
    disputed = [] if found.preview is None else [c for c in found.preview.conflicts if c.change in chosen]
    if conflicts is Decision.REGISTER:
        chosen -= whole(_shown(found), [conflict.change for conflict in disputed])
    elif conflicts is Decision.FILE:
        found = found.decided(disputed)
    elif disputed:
        problems = [told_conflict(conflict, language) for conflict in disputed]
        _print_done(number, problems, None, output)
        raise typer.Exit(1)
    with refusals_in(language), store.session(open_store()) as session:
        receipt = updates.publish(session, actor=person, review=found, only=chosen, reason=reason)
    _print_done(number, [], receipt, output)


@review_app.command("return")
def review_return(
    number: int,
    user: User,
    reason: Reason,
    ask: Annotated[
        list[str] | None,
        typer.Option("--ask", metavar="COLUMN", help="A column to be filled in, as evidence_url; may be repeated."),
    ] = None,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Send what waits back to its agency with a reason."""
    engine = open_store()
    person = person_of(engine, user)
    batch_of(engine, number)
    if unknown := [code for code in ask or [] if code not in ASKABLE]:
        raise CannotRunError(f"--ask {unknown[0]}: no column that is filled in. Those are: {', '.join(ASKABLE)}.")
    with refusals_in(language), store.session(engine) as session:
        updates.send_back(session, actor=person, batch_id=number, reason=reason, asked_for=ask or ())
    if output is TableOrJson.JSON:
        print_json({"returned": number})
    else:
        print(f"Batch {number} is returned.")


def _of_newer(newer: refreshing.Waiting) -> pl.DataFrame:
    """What a newer export would change, as `refresh` prints it."""
    if newer.differences is None:
        raise CannotRunError(
            "The source has said something else since this export was handed in: it can only be returned."
        )
    return newer.differences.rename({"ref": "agreement"})


def _publish_newer(
    person: Person, newer: refreshing.Waiting, conflicts: Decision, output: TableOrJson, language: str
) -> None:
    """Conflicts are decided as whoever handed it in did, unless the file's or the register's values are to hold throughout."""
    changes, number = _of_newer(newer), int(newer.batch["id"])
    disputed = frozenset(changes.filter(pl.col("kind") == "conflict")["field"])
    taking = {Decision.FILE: disputed, Decision.REGISTER: frozenset[str](), Decision.STOP: newer.taking}[conflicts]
    with refusals_in(language), store.session(open_store()) as session:
        seen = changes.rename({"agreement": "ref"})
        receipt = refreshing.publish(session, actor=person, batch_id=number, seen=seen, taking=taking)
    _print_done(number, [], receipt, output)


def _review(number: int) -> Review:
    found = updates.review(open_store(), number, agency=None)
    if found is None:
        raise CannotRunError(
            f"There is no batch {number} that was sent for review. List them: python manage.py review list"
        )
    return found


def _shown(review: Review) -> tuple[Change, ...]:
    return () if review.preview is None else review.preview.changes


def _chosen(review: Review, refs: list[str]) -> frozenset[Change]:
    """The changes of these agreements; all of them where none is named."""
    shown = _shown(review)
    if not refs:
        return frozenset(shown)
    names = {change.ref or change.subject for change in shown}
    unknown = [ref for ref in refs if ref not in names]
    if unknown:
        raise CannotRunError(
            f"--only-agreement {unknown[0]}: there is nothing of it to publish. See what there is: manage.py review show"
        )
    return frozenset(change for change in shown if (change.ref or change.subject) in refs)


def _change(change: Change, review: Review) -> dict[str, Any]:
    sent = {(seen.subject, seen.field): seen.old for seen in review.seen}
    disputed = () if review.preview is None else review.preview.conflicts
    return {
        **cell(change),
        "kind": kind_of(change),
        "sent_old": sent.get((change.subject, change.field)),
        "conflict": any(conflict.change == change for conflict in disputed),
    }


def _problems(review: Review, language: str) -> list[Told]:
    return [told(problem, language) for problem in review.problems]


def _print_done(number: int, problems: list[Told], receipt: updates.Receipt | None, output: TableOrJson) -> None:
    applied, changes, returned = (
        (False, 0, None) if receipt is None else (receipt.applied, receipt.changes, receipt.returned)
    )
    if output is TableOrJson.JSON:
        print_json(
            {"problems": problems, "batch": number, "applied": applied, "changes": changes, "returned": returned}
        )
        return
    for problem in problems:
        print(problem["message"])
    if problems:
        print("Nothing was stored. Say whose value holds: --conflicts file or --conflicts register")
    else:
        rest = "" if returned is None else f"; the rest is returned as batch {returned}"
        print(f"Batch {number} is published: {changes} changes{rest}.")
