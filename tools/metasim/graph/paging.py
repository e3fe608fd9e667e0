"""
Cursors: where a list goes on, as a word only we can read.

Source: Meta, "Paginated results": the last page is the one without `next`.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

from tools.metasim import refusals
from tools.metasim.graph.calls import Call
from tools.metasim.records import Json
from tools.metasim.world import Place


def place_to_go_on(call: Call) -> Place | None:
    """Return the place `after` stands for; None to begin. Refuses (100) what is no cursor."""
    after = call.params.get("after")
    if not after:
        return None
    try:
        at_s, node_id = json.loads(base64.urlsafe_b64decode(str(after)))
        return float(at_s), str(node_id)
    except (ValueError, TypeError) as error:
        raise refusals.invalid_parameter("after is no cursor of ours") from error


def page(call: Call, listed: list[Json], *, last: Place | None) -> Json:
    """Return a page of a list; with `last`, the place of its last node, there is more after it."""
    if last is None:
        return {"data": listed}
    return {"data": listed, "paging": going_on(call, _word(last))}


def page_inside(call: Call, listed: list[Json], *, path: str, last: Place | None) -> Json:
    """Return a page of a list that is told of inside a node; the rest of it is at `path`."""
    if last is None:
        return {"data": listed}
    after = _word(last)
    address = f"{call.origin}/{path}?{urlencode({'after': after})}"
    return {"data": listed, "paging": {"cursors": {"after": after}, "next": address}}


def going_on(call: Call, after: str) -> Json:
    """Return what says that there is more: the cursor, and the whole address of the next page."""
    asked = {name: value for name, value in call.params.items() if name != "access_token"}
    query = urlencode({**asked, "after": after})
    return {"cursors": {"after": after}, "next": f"{call.origin}{call.path}?{query}"}


def _word(place: Place) -> str:
    listed: list[Any] = list(place)
    return base64.urlsafe_b64encode(json.dumps(listed).encode()).decode()
