"""Upload: an agency brings its agreements up to date; everybody who may sees what was handed in and can take it back."""

from __future__ import annotations

from pages.sections import upload, upload_history
from pages.ui import cards, session

person = session.require(*upload_history.ROLES)

if person.role == "agency":
    upload.carry_out(person)
cards.page_header("upload.heading")
if person.role == "agency" and not person.agency:
    cards.empty_state("upload.no_agency")
elif person.role == "agency":
    upload.show_receipt(person)
    if upload.choose_way() == "file":
        upload.show_template(person)
        upload.show_file(person)
    else:
        upload.show_form(person)
upload_history.show(person)
