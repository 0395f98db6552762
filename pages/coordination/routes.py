"""Which kinds of changes go straight into the register and which wait for the coordinator."""

from __future__ import annotations

import functools

import streamlit as st

import words as w
from data_access.accounts import Person
from data_access.updates.routes import ROUTES, read_routes, write_routes
from kpi.update.changes import KINDS
from pages.coordination.sections import Line, ProposedChange, kind_name, propose, route_name, show_proposed
from pages.ui import data_edition


def show(person: Person) -> None:
    """The route of each kind of change, and changing it."""
    st.text(w.t("coordination.routes_lead"))
    routes = read_routes(data_edition.store())
    chosen = {}
    grid = st.grid(3, min_column_width=250)
    for kind in KINDS:
        with grid.cell():
            picked = st.radio(
                kind_name(kind),
                ROUTES,
                index=ROUTES.index(routes[kind]),
                format_func=route_name,
                captions=[w.t(f"coordination.route_{route}_note") for route in ROUTES],
                key=f"coordination_route_{kind}_{routes[kind]}",
            )
            chosen[kind] = picked
    changed = {kind: route for kind, route in chosen.items() if route != routes[kind]}
    change = ProposedChange(
        place="coordination_routes",
        lines=tuple(
            Line(kind_name(kind), route_name(routes[kind]), route_name(route)) for kind, route in changed.items()
        ),
        write=functools.partial(write_routes, routes=changed),
        undo=functools.partial(write_routes, routes={kind: routes[kind] for kind in changed}),
        note=w.t("coordination.routes_note"),
    )
    st.button(
        w.t("coordination.save_routes"),
        key="coordination_routes_propose",
        disabled=not changed,
        on_click=propose,
        args=(person, change),
    )
    show_proposed(person, change.place)
