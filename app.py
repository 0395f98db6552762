"""The application: one ASGI app around Streamlit.

    python app.py            listens where HOST and PORT say; loopback by default
    uvicorn app:app          the same with uvicorn's own options
    streamlit run app.py     the same started by Streamlit

Streamlit draws the pages. What a page must be able to rely on is settled in `web`, before a request reaches it: `Gate`
decides what may pass and says who it comes from; the routes under `/session/` turn a sign-in into a cookie, and end
it.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from pages.ui import broken_page
from web import server
from web.gate import Gate
from web.packed import PackedScripts
from web.routes import routes

house = server.open_house()
app = st.App(
    server.FRAME,
    lifespan=server.lifespan(house),
    routes=routes(house),
    middleware=[*server.known_hosts(house), Middleware(Gate, house=house), Middleware(PackedScripts)],
    on_script_error=broken_page.show,
)

if __name__ == "__main__":
    server.serve(app, house)
