"""Looking at claims: what waits to be looked at, in the order of the draw, what was found, and how far claims can be relied on."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.ui import cards, session
from pages.verification import SCREEN, finding, samples, sections

person = session.require(SCREEN)
cards.page_header("verification.heading", w.t("verification.lead"))
finding.show_done()
periods = samples.periods()
sample = samples.choose(periods)
items = None if sample is None else samples.items_of(sample)
asked = finding.asked_besides(sections.withheld_claims(), sections.exchanged_claims())
if asked is None and items is not None:
    asked = finding.asked(items)
if asked is not None:
    finding.show(person, asked)
    st.stop()
sections.show_again()
if sample is not None and items is not None:
    sections.show_reliability(sample, items)
    sections.show_waiting(items)
    sections.show_found(items)
samples.show_periods(person, periods)
sections.show_drift(periods)
