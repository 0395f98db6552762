"""A list of agreements from whoever publishes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from cli.output import counting
from cli.reading import CannotRunError
from data_access import clock, settings
from seed_data import worldbank
from seed_data.worldbank import fetching

FETCHED: Final = settings.ROOT / "var"
"""Where a list is put, and looked for, unless a file is named."""

Country = Annotated[str, typer.Option(metavar="CC", help="Whose operations, as ISO 3166 has it: VN, RW.")]


def add_to(app: typer.Typer) -> None:
    """Make `fetch` a command of the operator's tool."""
    app.command()(fetch)


def fetch(
    source: Annotated[str, typer.Argument(metavar="worldbank", help="Whose list.")],
    country: Country = worldbank.HOME,
    out: Annotated[
        Path | None, typer.Option(help="The CSV to write; in var/, by country and day, if left out.")
    ] = None,
    answers: Annotated[
        list[Path] | None, typer.Option("--from", help="An answer of the API saved by hand; may be repeated.")
    ] = None,
) -> None:
    """Fetch the World Bank's current list of operations in a country, as a CSV that `load` reads."""
    if source != "worldbank":
        raise CannotRunError(f"{source}: only worldbank can be fetched from.")
    address = settings.load().worldbank_api
    country = country_code(country)
    day = clock.today(None)
    path = out or FETCHED / worldbank.file_name(country, day)
    try:
        if answers:
            found = fetching.from_answers([one.read_bytes() for one in answers], country)
        else:
            with counting(httpx.URL(address).host) as told:
                found = fetching.fetch(address, country, told=told)
    except fetching.UnreachableError as error:
        raise CannotRunError(f"{error} {_by_hand(address, country)}") from None
    except fetching.FetchError as error:
        raise CannotRunError(str(error)) from None
    if out is None:
        path.parent.mkdir(exist_ok=True)
    written = path.with_name(f"{path.name}.part")
    written.write_text(found.write_csv(), encoding="utf-8")
    os.replace(written, path)
    print(f"{found.height} operations in {country} as of {day}: {path}")
    if out is None:
        print(f"Load them into an empty store: python manage.py load worldbank --country {country}")
    else:
        mapping = worldbank.MAPPING.relative_to(settings.ROOT)
        print(f"Load them into an empty store: python manage.py load {path} --mapping {mapping} --data-date {day}")


def country_code(country: str) -> str:
    """The code in capitals; `CannotRunError` for what is none."""
    try:
        return fetching.check_country(country)
    except fetching.FetchError as error:
        raise CannotRunError(f"--country {error}") from None


def _by_hand(address: str, country: str) -> str:
    """The way without a connection: an answer saved elsewhere, or what was fetched before."""
    wanted = httpx.URL(address, params=fetching.parameters(country))
    earlier = worldbank.newest(FETCHED, country)
    goes_on = (
        f" Or go on with the list of {earlier[1]}: python manage.py load worldbank --country {country}"
        if earlier
        else ""
    )
    return (
        f"Without a connection: open {wanted} in a browser elsewhere, save it as operations.json, then: "
        f"python manage.py fetch worldbank --country {country} --from operations.json{goes_on}"
    )
