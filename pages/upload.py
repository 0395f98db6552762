"""Upload: an agency brings its agreements up to date, sees what it handed in, corrects what came back and can undo what it did."""

from __future__ import annotations

from pages.sections import upload, upload_batch, upload_confirm, upload_correct, upload_history
from pages.ui import cards, session

person = session.require("agency")

upload_confirm.carry_out(person)
upload_batch.carry_out(person)
cards.page_header("upload.heading")
batches = upload_history.batches_of(person)
corrects, opened = upload_history.asked("correct"), upload_history.asked("batch")
asked = opened if corrects is None else corrects
batch = None if asked is None else upload_history.find(batches, asked)
upload_confirm.show_receipt(person)
if batch is not None and corrects is not None:
    upload_correct.show(person, batch, batches)
elif batch is not None:
    upload_batch.show(person, batch, batches)
elif not person.agency:
    cards.empty_state("upload.no_agency")
else:
    upload.show_returned(batches)
    if upload.choose_way() == "file":
        upload.show_template(person)
        upload.show_file(person)
    else:
        upload.show_form(person)
if batch is None:
    upload_history.show(person, batches)
