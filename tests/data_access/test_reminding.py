"""Reminders: contacts that can be reached, letters that are noted before they leave, mail through a real server over TLS."""

from __future__ import annotations

import datetime as dt
import io
import pathlib
import zipfile
from urllib.parse import quote

import docx
import polars as pl
import pytest
import sqlalchemy as sa

import words
from data_access import contacts, mail, reminding, settings, store
from data_access.acting import Person, Refused
from data_access.contacts import Contact
from data_access.register import read_register
from data_access.reminding import ToSend
from data_access.store import models
from files.letter_file import MIME, written
from kpi import facts
from kpi.reporting import reminders, reports
from kpi.reporting.calendar import Period
from tests import mail_server
from tests.pages import stores

# The server of the tests asks for a sign-in on a connection that is TLS from its first byte, which it does not count as TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

COORDINATOR = Person("dieuphoi", "coordinator", None)
AGENCY = Person("bct", "agency", "BCT")
Q4 = Period("2025-Q4", dt.date(2025, 10, 1), dt.date(2025, 12, 31), dt.date(2026, 1, 10))
NONE = Contact()


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    with store.session(engine) as session:
        for name, frame in stores.lists().items():
            store.write_frame(session, getattr(models, name), frame)
        for person in (COORDINATOR, AGENCY, Person("quantri", "administrator", None)):
            session.add(
                models.User(username=person.username, password_hash="x", role=person.role, agency=person.agency)
            )
    return engine


def keep(
    engine: sa.Engine, agency: str, contact: Contact, *, actor: Person = COORDINATOR, seen: Contact = NONE
) -> bool:
    with store.session(engine) as session:
        return contacts.write(session, actor=actor, agency=agency, contact=contact, seen=seen)


def kept(engine: sa.Engine, agency: str) -> Contact:
    return Contact(*contacts.read(engine).filter(pl.col("agency") == agency).row(0)[3:6])


# --- Contacts --------------------------------------------------------------------------------------------------------


def test_a_contact_is_kept_by_the_coordinator_and_by_the_agency_for_itself_alone(filled: sa.Engine) -> None:
    first = Contact("Vụ  Kế hoạch ", "a@moit.gov.vn, b@moit.gov.vn", "024 2220 2222")

    assert keep(filled, "BCT", first)
    now = kept(filled, "BCT")
    assert now == Contact("Vụ Kế hoạch", "a@moit.gov.vn; b@moit.gov.vn", "024 2220 2222")
    assert not keep(filled, "BCT", now, seen=now)
    with pytest.raises(Refused, match="not_as_seen"):
        keep(filled, "BCT", Contact("Khác"), actor=AGENCY)
    assert keep(filled, "BCT", Contact("Văn phòng"), actor=AGENCY, seen=now)

    for actor, agency in ((AGENCY, "BTC"), (Person("quantri", "administrator", None), "BCT")):
        with pytest.raises(Refused, match="not_allowed"):
            keep(filled, agency, Contact("Ta"), actor=actor)
    assert kept(filled, "BTC") == NONE
    assert contacts.read(filled, agency="BCT")["agency"].to_list() == ["BCT"]


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        (Contact(email="không@bo.gov.vn"), "email_invalid"),
        (Contact(email="a@bo"), "email_invalid"),
        (Contact(email="a@bo.gov.vn\r\nBcc:x@y.vn"), "email_invalid"),
        (Contact(email="; ".join(f"a{n}@bo.vn" for n in range(6))), "email_invalid"),
        (Contact(phone="gọi sau"), "phone_invalid"),
        (Contact(office="x" * 201), "text_too_long"),
    ],
)
def test_a_contact_that_reaches_nobody_is_refused(sqlite_engine: sa.Engine, contact: Contact, code: str) -> None:
    with pytest.raises(Refused, match=code if code != "text_too_long" else "characters"):
        contacts.checked(contact)


# --- Letters ---------------------------------------------------------------------------------------------------------


def test_every_agency_that_owes_gets_a_letter_that_names_what_it_owes(sqlite_engine: sa.Engine) -> None:
    stores.fill(sqlite_engine)
    found = facts.build(read_register(sqlite_engine), stores.AS_OF)
    owed = reports.owed(found, period="2025-Q4").filter(
        (pl.col("status") == "missing") & (pl.col("agency") != facts.UNASSIGNED)
    )

    with words.in_language("vi"):
        letters = list(reminding.compose(sqlite_engine, found, Q4, sender="Vụ Điều phối", known_on=None, is_demo=True))

    assert [letter.agency for letter in letters] == sorted(owed["agency"].unique())
    packed = zipfile.ZipFile(io.BytesIO(reminding.zipped(letters)))
    assert packed.namelist() == [f"nhac-bao-cao_{letter.agency}_2025-Q4.docx" for letter in letters]
    for letter in letters:
        wanted = sorted(owed.filter(pl.col("agency") == letter.agency)["ref"])
        document = docx.Document(io.BytesIO(packed.read(letter.file_name)))
        head, rows, end = document.tables
        assert letter.missing == len(wanted)
        assert [row.cells[1].text for row in rows.rows[1:]] == wanted
        assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in head.rows[0].cells[1].text
        assert "VỤ ĐIỀU PHỐI" in end.rows[0].cells[1].text
        assert all(ref in letter.text for ref in wanted)
        assert "minh họa" in document.paragraphs[-1].text


def test_a_title_that_xml_cannot_hold_is_written_without_what_it_cannot() -> None:
    frame = pl.DataFrame({"ref": ["A-1"], "title_vi": ["Một\x0b\n\x07hai"], "title_en": [""], "office": [None]}).cast(
        {"office": pl.String}
    )
    owes = reminders.Owing("BCT", Q4, stores.AS_OF, 1, 0, frame)

    with words.in_language("vi"):
        letter = reminders.letter(owes, agency="Bộ\x00 CT", sender="Vụ", written_on=stores.AS_OF)

    assert docx.Document(io.BytesIO(written(letter))).tables[1].rows[1].cells[2].text == "Một hai"


# --- Mail ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return mail_server.make_certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def trusted(certificate: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


def at(address: str, scheme: str = "smtps", password: str = mail_server.PASSWORD) -> settings.Settings:
    url = f"{scheme}://{mail_server.USER}:{quote(password, safe='')}@{address}"
    return settings.load({"SMTP_URL": url, "MAIL_FROM": "dieuphoi@example.gov.vn"})


def letter_to(agency: str) -> ToSend:
    return ToSend(agency, 2, "V/v báo cáo kỳ 2025-Q4", f"Kính gửi: {agency}", f"thu_{agency}.docx", b"PK-docx")


def send(engine: sa.Engine, ours: settings.Settings, *agencies: str, actor: Person = COORDINATOR) -> dict[str, str]:
    with mail.mailer(ours) as mailer:
        done = reminding.send(engine, actor=actor, period="2025-Q4", letters=map(letter_to, agencies), mailer=mailer)
    return {sent.agency: sent.failed for sent in done}


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_letters_go_by_mail_and_one_that_fails_stops_no_other(
    filled: sa.Engine, trusted: pathlib.Path, scheme: str
) -> None:
    for agency in ("BCT", "BTC", "BYT"):
        keep(filled, agency, Contact(email=f"vanthu@{agency.lower()}.gov.vn"))
    keep(filled, "BXD", Contact(email="a@bxd.gov.vn; b@bxd.gov.vn"))

    with mail_server.serving(trusted, from_the_first_byte=scheme == "smtps") as (address, server):
        server.unknown.add("vanthu@btc.gov.vn")
        became = send(filled, at(address, scheme), "BCT", "BTC", "BNG", "BXD", "BYT")
        again = send(filled, at(address, scheme), "BCT", "BTC", "BXD")

    assert became == {"BCT": "", "BTC": "address_refused", "BNG": "no_address", "BXD": "", "BYT": ""}
    assert again == {"BTC": "address_refused"}  # the others were reminded today
    assert [to for to, _ in server.mails] == [
        ["vanthu@bct.gov.vn"], ["a@bxd.gov.vn", "b@bxd.gov.vn"], ["vanthu@byt.gov.vn"],
    ]  # fmt: skip
    message = server.mails[0][1]
    (letter,) = message.iter_attachments()
    assert (message["From"], message["Subject"]) == ("dieuphoi@example.gov.vn", "V/v báo cáo kỳ 2025-Q4")
    assert (letter.get_content_type(), letter.get_filename(), letter.get_content()) == (
        MIME,
        "thu_BCT.docx",
        b"PK-docx",
    )
    log = reminding.read_log(filled, period="2025-Q4")
    assert log.select("agency", "outcome", "reason", "by").rows()[::-1][:3] == [
        ("BCT", "delivered", "", "dieuphoi"),
        ("BTC", "not_delivered", "address_refused", "dieuphoi"),
        ("BNG", "not_delivered", "no_address", "dieuphoi"),
    ]


def test_a_server_that_nobody_vouches_for_or_that_is_not_there_gets_nothing(
    filled: sa.Engine, certificate: pathlib.Path, trusted: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for agency in ("BCT", "BTC", "BYT"):
        keep(filled, agency, Contact(email=f"vanthu@{agency.lower()}.gov.vn"))

    with mail_server.serving(certificate, from_the_first_byte=True) as (address, server):
        wrong = send(filled, at(address, password="khac"), "BCT", "BTC", "BYT")
        monkeypatch.delenv("SSL_CERT_FILE")
        foreign = send(filled, at(address), "BCT")
    gone = send(filled, at(address), "BCT", "BTC", "BYT")

    assert wrong == {"BCT": "sign_in_refused", "BTC": "sign_in_refused", "BYT": "sign_in_refused"}
    assert foreign == {"BCT": "no_connection"}
    assert gone == dict.fromkeys(("BCT", "BTC", "BYT"), "no_connection")
    assert server.mails == []
    assert set(reminding.read_log(filled)["outcome"]) == {"not_delivered"}


def test_only_who_may_remind_sends_and_takes_letters_along(filled: sa.Engine, trusted: pathlib.Path) -> None:
    keep(filled, "BCT", Contact(email="vanthu@bct.gov.vn"))
    with mail_server.serving(trusted, from_the_first_byte=True) as (address, server):
        for actor in (AGENCY, Person("dieuphoi", "leader", None)):
            with pytest.raises(Refused, match="not_allowed"):
                send(filled, at(address), "BCT", actor=actor)
            with pytest.raises(Refused, match="not_allowed"), store.session(filled) as session:
                reminding.note_file(session, actor=actor, period="2025-Q4", letters=[("BCT", 1)])
    assert server.mails == []
    assert reminding.read_log(filled).is_empty()

    with store.session(filled) as session:
        reminding.note_file(session, actor=COORDINATOR, period="2025-Q4", letters=[("BCT", 1), ("BTC", 3)])
    assert reminding.read_log(filled).select("agency", "way", "missing").rows() == [
        ("BTC", "in_file", 3), ("BCT", "in_file", 1),
    ]  # fmt: skip
    assert reminding.already_sent(filled, period="2025-Q4") == frozenset()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"SMTP_URL": "http://x"}, "SMTP_URL is not an address"),
        ({"SMTP_URL": "smtps://u:geheim@:465"}, "SMTP_URL is not an address"),
        ({"SMTP_URL": "smtps://h:99999"}, "SMTP_URL is not an address"),
        ({"SMTP_URL": "smtps://u:m%E1%BA%ADt@h"}, "SMTP_URL is not an address"),
        ({"SMTP_URL": "smtps://h"}, "MAIL_FROM is ''"),
        ({"SMTP_URL": "smtps://h", "MAIL_FROM": "a@b.vn\r\nBcc: c@d.vn"}, "MAIL_FROM"),
    ],
)
def test_a_mail_server_is_named_in_full(environ: dict[str, str], said: str) -> None:
    with pytest.raises(settings.SettingsError, match=said) as refusal:
        settings.load(environ)

    assert "geheim" not in str(refusal.value)


def test_a_letter_on_its_way_is_stopped_where_its_sender_may_no_longer(
    filled: sa.Engine, trusted: pathlib.Path
) -> None:
    for agency in ("BCT", "BTC"):
        keep(filled, agency, Contact(email="vanthu@bo.gov.vn"))

    def close_after(sent: reminding.Sent) -> None:
        with store.session(filled) as session:
            session.get_one(models.User, "dieuphoi").active = False

    with (
        mail_server.serving(trusted, from_the_first_byte=True) as (address, server),
        mail.mailer(at(address)) as mailer,
    ):
        letters = map(letter_to, ("BCT", "BTC"))
        with pytest.raises(Refused):
            reminding.send(
                filled, actor=COORDINATOR, period="2025-Q4", letters=letters, mailer=mailer, told=close_after
            )

    assert len(server.mails) == 1
