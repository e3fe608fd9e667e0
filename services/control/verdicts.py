"""What is to be said against a campaign, as callers are told it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, Field

from services.control.problems import Fault, pointer
from switchboard.contracts import CampaignId
from switchboard.db.rules import AccountRules
from switchboard.rules import publishing
from switchboard.rules.campaigns import CampaignDefinition
from switchboard.rules.linter.findings import Severity


class CampaignFinding(BaseModel):
    """One thing that is wrong with a campaign; errors keep it from being published."""

    severity: Severity
    code: str = Field(description="As docs/linter.md has it; `invalid`: it is no campaign yet.")
    pointer: str = Field(description="Where in the definition, as a JSON pointer.")
    step: int | None = Field(None, description="The step it is about, counted from 0.")
    message: str

    def fault(self, *within: str) -> Fault:
        """Return it as the fault of a body that has the definition `within`."""
        return Fault(pointer=f"{pointer(within)}{self.pointer}", message=self.message)


class Verdict(BaseModel):
    """All that is to be said against a campaign, errors first."""

    publishable: bool
    findings: list[CampaignFinding]

    @classmethod
    def of(cls, findings: list[CampaignFinding]) -> Self:
        """Return the verdict that `findings` come to."""
        ordered = sorted(findings, key=lambda one: one.severity)
        return cls(publishable=all(one.severity != "error" for one in ordered), findings=ordered)

    @property
    def errors(self) -> list[CampaignFinding]:
        """What keeps it from being published."""
        return [one for one in self.findings if one.severity == "error"]


def judge(
    raw: object,
    rules: AccountRules | None,
    *,
    own: CampaignId | None = None,
    names: Mapping[str, str],
) -> tuple[CampaignDefinition | None, Verdict]:
    """
    Return the definition in `raw`, if it is one, and what is to be said against it.

    `rules` are what its account answers with; `names` are its campaigns' names, which stand in
    sentences in place of ids.
    """
    others = () if rules is None else rules.campaigns
    try:
        checked = publishing.check(
            raw,
            others,
            own=own,
            delay=publishing.NO_DELAY if rules is None else rules.settings.delay.most,
            intents=None if rules is None else rules.intents,
        )
    except publishing.Invalid as invalid:
        return None, Verdict.of([_invalid(one) for one in invalid.faults])
    findings = [
        CampaignFinding(
            severity=one.severity,
            code=str(one.code),
            pointer=_pointer(one.path),
            step=one.step,
            message=publishing.with_names(one.message, names),
        )
        for one in checked.findings
    ]
    return checked.definition, Verdict.of(findings)


def _invalid(fault: publishing.Fault) -> CampaignFinding:
    parts = fault.path.split(".")
    step = int(parts[1]) if parts[0] == "steps" and len(parts) > 1 and parts[1].isdigit() else None
    return CampaignFinding(
        severity="error",
        code="invalid",
        pointer=_pointer(fault.path),
        step=step,
        message=fault.message,
    )


def _pointer(path: str) -> str:
    return pointer(path.split(".")) if path else ""
