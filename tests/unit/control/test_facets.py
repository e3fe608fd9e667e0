"""What a tenant is told of the installation: the worst of what concerns them, and no details."""

from __future__ import annotations

import pytest

from services.control.facets import as_tenants_see
from switchboard.doctor import Finding, Verdict


def finding(check: str, verdict: Verdict, subject: str = "") -> Finding:
    """Return a finding that names what no tenant may see."""
    return Finding(
        check=check, verdict=verdict, saw="redis://10.0.0.1", do="see 10.0.0.1", subject=subject
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], {}),
        ([finding("ingress", "ok"), finding("signature", "unknown")], {"receiving": "ok"}),
        ([finding("signature", "unknown")], {"receiving": "unknown"}),
        ([finding("ingress", "failure")], {"receiving": "failure"}),
        ([finding("queue", "ok", "events")], {"receiving": "ok"}),
        ([finding("queue", "warning", "outbound")], {"sending": "warning"}),
        ([finding("redis", "failure"), finding("clock", "ok", "Meta")], {"sending": "failure"}),
        (
            [finding("jobs", "warning"), finding("exports", "failure")],
            {
                "looking_after": "warning",
                "exporting": "failure",
            },
        ),
        ([finding("dead_letters", "warning", "events"), finding("undecided", "warning")], {}),
    ],
)
def test_what_it_comes_to(found: list[Finding], expected: dict[str, Verdict]) -> None:
    """The worst is told, whoever's queue it is; what is all tenants' own is not."""
    assert expected == {one.check: one.verdict for one in as_tenants_see(found)}


@pytest.mark.parametrize("verdict", ["ok", "warning", "failure", "unknown"])
def test_nothing_of_it_is_repeated(verdict: Verdict) -> None:
    """Where the parts are, and how much others have, stays with whoever runs them."""
    (told,) = as_tenants_see([finding("redis", verdict)])

    assert "10.0.0.1" not in f"{told.saw} {told.do} {told.subject}"
    assert (verdict in {"warning", "failure"}) == bool(told.do)
