"""The files for containers hold what the application needs, and give it no more than the unit for systemd does."""

from __future__ import annotations

import re

import pytest

from data_access import settings
from tests.architecture.test_walls import ENTRANCES, ROOMS
from tests.serving import ROOT

FOLDER = ROOT / "deploy" / "container"
IMAGE = (FOLDER / "Containerfile").read_text(encoding="utf-8")
COMPOSED = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
_LISTED = COMPOSED.partition("\nservices:\n")[2].partition("\nvolumes:\n")[0]
SERVICES = dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n)+)", _LISTED, re.MULTILINE))
"""Each service and what is said of it. Both of the application are an `x-application`, and everything is `x-confined`."""


def test_the_image_has_every_room_and_installs_what_the_lock_names() -> None:
    copied = {word for line in re.findall(r"^COPY (?!--from)(.+)$", IMAGE, re.MULTILINE) for word in line.split()[:-1]}

    assert copied == {"requirements.txt", ".streamlit", *ROOMS, *ENTRANCES}
    assert all((ROOT / name).exists() for name in copied)
    assert "--require-hashes" in IMAGE
    assert "/healthz" in IMAGE
    assert "umask 0077" in IMAGE
    assert re.findall(r"^USER (.+)$", IMAGE, re.MULTILINE) == ["10001:10001"]


def test_images_are_named_by_their_whole_version() -> None:
    named = [*re.findall(r"^FROM (\S+)", IMAGE, re.MULTILINE), *re.findall(r"image: (\S+)", COMPOSED)]

    assert len(named) == 5
    assert all(re.search(r":\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image) for image in named), named


@pytest.mark.parametrize("name", ["first", "second", "nginx", "database"])
def test_a_container_is_confined_and_only_nginx_is_reached_from_outside(name: str) -> None:
    confined = re.search(r"^x-confined: &confined\n((?:  .+\n)+)", COMPOSED, re.MULTILINE)
    application = re.search(r"^x-application: &application\n  <<: \*confined\n((?:  .*\n)+)", COMPOSED, re.MULTILINE)
    said = SERVICES[name]

    assert len(SERVICES) == 4
    assert confined is not None
    assert application is not None
    assert {"read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'} <= {
        line.strip() for line in confined[1].splitlines()
    }
    if "<<: *application" in said:
        said += application[1]
    else:
        assert "<<: *confined" in said
        assert re.search(r'user: "[1-9]\d*:[1-9]\d*"', said)
    assert "mem_limit: " in said
    assert ("ports:" in said) == (name == "nginx")


def test_what_is_mounted_from_here_is_here() -> None:
    mounted = re.findall(r"- (\.[^:]+):", COMPOSED)

    assert len(mounted) == 4
    assert all((FOLDER / path).is_file() for path in mounted)
    assert "context: ../.." in COMPOSED


@pytest.mark.parametrize("name", ["first", "second"])
def test_the_processes_listen_where_nginx_looks_and_believe_it_alone(name: str) -> None:
    site = (ROOT / "deploy" / "nginx" / "site.conf").read_text(encoding="utf-8")
    given = re.search(r"environment: \{(.+)\}", SERVICES[name])

    assert given is not None
    found = settings.load({key: value.strip('"') for key, value in re.findall(r"(\w+): ([^,]+)", given[1])})
    assert f"server {found.host}:{found.port};" in site
    assert found.trusted_proxies == ("127.0.0.1",)
    assert 'network_mode: "service:nginx"' in COMPOSED
