"""
Alerts in words: for each kind what has happened, what to do about it, and when it is over.

The kinds are a closed list (`AlertKind`). Whoever raises one names its kind, and what its sentence
needs goes into the detail: `reason`, a delivery's, and `until`, a moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from switchboard.rules.sentences import sentence_of

AlertKind: TypeAlias = Literal[
    "reconnect_needed",
    "account_held",
    "link_restricted",
    "message_access_off",
    "messages_disabled",
    "account_restricted",
    "account_blocked",
    "account_checkpointed",
    "account_unconfirmed",
    "role_missing",
    "app_role_missing",
    "permission_not_granted",
    "not_subscribed",
    "token_not_refreshed",
    "thread_taken",
    "app_limited",
    "unknown_error",
    "our_bug",
    "unresolved_delivery",
    "will_miss_deadline",
]

Audience: TypeAlias = Literal["owner", "operator"]  # of the account; of this installation

# Over as soon as Meta takes something of the account.
_WHEN_SENT: Final = timedelta()
# About single deliveries, so the next one that is sent says little: over when unseen for a day.
_WHEN_UNSEEN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """
    What an alert of one kind says to the account's owner.

    `says` is what has happened, `do` what to do; both may name `{reason}`, `{until}`, `{missed}`
    and `{subject}`. `audience` is who has to act. `over_after`: over when Meta takes something of
    the account and it has not been found to be true for that long; `None`: whoever raised it says.
    """

    says: str
    do: str
    audience: Audience = "owner"
    over_after: timedelta | None = _WHEN_SENT


@dataclass(frozen=True, slots=True)
class Told:
    """An alert in words, and who is to do what it says."""

    says: str
    do: str
    audience: Audience = "owner"


def told(kind: str, subject: str, detail: Mapping[str, Any]) -> Told:
    """Return an alert in words; one of a kind this release does not know, as it is stored."""
    about = ALERTS.get(kind)  # type: ignore[call-overload]  # any text may be stored
    if about is None:
        return Told(kind.replace("_", " "), "", "operator")
    filled = {**_UNTOLD, **dict(_told(detail)), "subject": subject}
    return Told(about.says.format_map(filled), about.do.format_map(filled), about.audience)


def _told(detail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the detail tells, as it is said."""
    for name, value in detail.items():
        match name, value:
            case "reason", str():
                yield name, sentence_of(value)
            case "until", str():
                yield name, _moment(value)
            case _, str() | int():
                yield name, str(value)


def _moment(written: str) -> str:
    try:
        return f"{datetime.fromisoformat(written).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return written


_UNTOLD: Final = {"reason": "it did not say why", "until": "further notice", "missed": "some"}

_BY_ITSELF: Final = (
    "The first message is tried by itself after {until}; if it is taken, all that waits follows."
)

ALERTS: Final[Mapping[AlertKind, About]] = {
    "reconnect_needed": About(
        says="Instagram does not let us in any more: {reason}. What people write is kept and "
        "decided; answers wait, and go out in the order of their deadlines once we are let in.",
        do="Connect the account again.",
        over_after=None,
    ),
    "account_held": About(
        says="Instagram restricts the account: {reason}. Nothing is sent until {until}.",
        do=f"Nothing at once. {_BY_ITSELF} If it comes back, answer fewer comments and vary the "
        "texts.",
    ),
    "link_restricted": About(
        says="Instagram lets nobody share a link that a message has. Nothing is sent until "
        "{until}.",
        do="Look at the links in your campaigns: Instagram may distrust their domain. Try the link "
        f"in a message of your own, and use another if it is refused. {_BY_ITSELF}",
    ),
    "message_access_off": About(
        says="Tools may not access the account's messages: the switch is off in the Instagram app. "
        "Answers wait.",
        do="In the Instagram app open Settings > Messages and story replies > Connected tools, and "
        f"switch on Allow access to messages. Nothing needs to be connected again. {_BY_ITSELF}",
    ),
    "messages_disabled": About(
        says="The account takes and sends no messages: they are switched off in its settings. "
        "Answers wait.",
        do="In the Instagram app open Settings > Messages and story replies > Message controls, "
        f"and let people message you. {_BY_ITSELF}",
    ),
    "account_restricted": About(
        says="Instagram has restricted the account, or wants a check to be passed. Answers wait.",
        do="Open the Instagram app and do what it asks for; Settings > Account Status says what is "
        f"wrong. {_BY_ITSELF}",
    ),
    "account_blocked": About(
        says="Instagram does not let tools send messages for this account. Answers wait.",
        do="Open Settings > Account Status in the Instagram app, mend what it shows, or ask for a "
        f"review there. {_BY_ITSELF}",
    ),
    "account_checkpointed": About(
        says="Instagram wants to make sure that the account is yours. Answers wait.",
        do=f"Log in to the Instagram app and pass the check it shows. {_BY_ITSELF}",
    ),
    "account_unconfirmed": About(
        says="The account is not confirmed at Instagram. Answers wait.",
        do="Log in to the Instagram app and confirm your e-mail address or phone number. "
        f"{_BY_ITSELF}",
    ),
    "role_missing": About(
        says="Whoever connected the account has no role on its Facebook Page any more. Answers "
        "wait.",
        do="Give them a role on the Page (Page settings > Page access), or let somebody who has "
        f"one connect the account. {_BY_ITSELF}",
    ),
    "app_role_missing": About(
        says="Instagram refuses everything for this account since it was connected: it has no "
        "role in our app. Answers wait.",
        do="If you were invited as a tester, accept it in the Instagram app: Settings > Website "
        "permissions > Apps and websites > Tester invites. Else ask whoever runs Switchboard. "
        f"{_BY_ITSELF}",
    ),
    "permission_not_granted": About(
        says="The account's owner has not granted us everything: {subject} is missing. What needs "
        "it does not happen.",
        do="Connect the account again and leave every permission ticked on Instagram's page.",
        over_after=None,
    ),
    "not_subscribed": About(
        says="Instagram does not send us all that happens to the account: {subject} is missing, "
        "though it was asked for.",
        do="See that the app is live, and has these fields subscribed in Meta's dashboard: "
        "Instagram > API setup with Instagram login > Configure webhooks.",
        audience="operator",
        over_after=None,
    ),
    "token_not_refreshed": About(
        says="The account's access could not be renewed so far, and ends {until}: {reason}.",
        do="See that graph.instagram.com can be reached from here, and why it refuses. After that "
        "the owner must connect the account again.",
        audience="operator",
        over_after=None,
    ),
    "thread_taken": About(
        says="Another app has conversations of the account, and Instagram lets only that one "
        "answer there.",
        do="In the Instagram app open Settings > Messages and story replies > Connected tools, and "
        "take away the other tool, or Meta's own assistant.",
        over_after=_WHEN_UNSEEN,
    ),
    "app_limited": About(
        says="Instagram lets the whole of Switchboard do less for a while. Answers come later.",
        do="Nothing: it goes on by itself.",
        audience="operator",
    ),
    "unknown_error": About(
        says="Instagram refused something with an error nobody knows ({subject}). It is not sent.",
        do="Nothing: whoever runs Switchboard looks at it.",
        audience="operator",
        over_after=_WHEN_UNSEEN,
    ),
    "our_bug": About(
        says="Something was not sent because of a mistake on our side: {reason}.",
        do="Nothing: whoever runs Switchboard looks at it.",
        audience="operator",
        over_after=_WHEN_UNSEEN,
    ),
    "unresolved_delivery": About(
        says="It is not known whether a message was sent, and Instagram does not tell any more.",
        do="Look into the conversation in the Instagram app, and say whether the message is there: "
        "`switchboard deliveries decide {subject}`.",
        over_after=None,
    ),
    "will_miss_deadline": About(
        says="More is waiting than can be sent in time: {missed} will miss Instagram's deadline.",
        do="Pause a campaign, or choose who goes first.",
        over_after=None,
    ),
}
