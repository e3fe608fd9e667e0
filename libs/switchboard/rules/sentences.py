"""
What each code of a decision and of a delivery means, as a sentence for people.

A code without its sentence is a fault that `tests/unit/rules/test_explaining.py` finds: here are
all of `decision.py`'s, all states of a delivery, and all reasons that the sender records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from switchboard.rules.decision import Because, DeliveryKind, Failed, Outcome, Stopped
from switchboard.rules.states import State

OUTCOMES: Final[Mapping[Outcome, str]] = {
    "matched": "A campaign answers.",
    "asked": "Something was asked first; the answer to that decides.",
    "no_match": "Nothing applied.",
    "ignored": "Not for answering, whatever the campaigns say.",
}

BECAUSE: Final[Mapping[Because, str]] = {
    "keyword": "A keyword was found in the text.",
    "any_text": "The campaign wants no particular text.",
    "payload": "The menu entry, ice breaker or chip that was tapped sets it off.",
    "referral": "The person came through a link or an ad that sets it off.",
    "intent": "The classifier recognised what the person wants.",
    "intent_guessed": "The classifier was not sure of what the person wants, and the campaign has "
    "something to do then.",
    "unrecognised": "Nobody recognised what the person wants, and the campaign is for that.",
    "tap": "The person tapped a button that a campaign of ours had sent.",
    "answer_given": "The person answered what a campaign had asked.",
    "time": "The time that a campaign waited for had come.",
    "no_keyword_matched": "No campaign's keywords are in the text.",
    "no_intent_recognised": "The classifier recognised no intent that a campaign is for.",
    "no_text": "There is no text that keywords could be in.",
    "nothing_matched": "No campaign is set off by this.",
    "flow_over": "The campaign that waited for this had ended or gone on already.",
    "asks_classifier": "No keyword matched, so the classifier was asked what the person wants.",
    "asks_follower": "Meta was asked whether the person follows the account.",
    "asks_posts": "Meta was asked which posts there are, to find the next post.",
    "own_comment": "The account itself commented.",
    "echo": "It is a message that we sent.",
    "taken_over": "Somebody typed this message by hand, so the automation leaves them to it.",
    "self_message": "The owner wrote to their own account.",
    "standby": "Another app has the conversation.",
    "paused": "The automation is silent: a person has the conversation, or the owner paused it.",
    "opted_out": "The person asked not to be written to.",
    "opted_in": "The person asked to be written to again.",
    "kind_is_not_answered": "Things of this kind are recorded and never answered.",
    "clicked": "Somebody opened a link that we sent.",
    "not_understood": "Meta sent something we do not know; it was kept as it came.",
    "unreadable": "Meta sent something that could not be read; it was kept as it came.",
    "account_unknown": "Nobody has connected this account.",
    "account_disconnected": "The account's owner has disconnected it.",
    "erased": "The person was erased before anything was decided.",
}

FAILED: Final[Mapping[Failed, str]] = {
    "other_kind": "it is for another kind of event",
    "other_post": "it is for another post",
    "not_next_post": "it waits for the next post, and this is not it",
    "reply": "the comment answers another comment, and the campaign leaves those alone",
    "no_keyword": "none of its keywords is in the text",
    "excluded": "an excluded word is in the text",
    "other_payload": "it is for another button",
    "other_ref": "it is for another link or ad",
    "intent": "it is for another intent",
    "once": "it has answered this person already",
    "follower": "its condition on following does not hold",
    "tags": "its condition on tags does not hold",
    "hours": "the business is closed",
    "opens_too_late": "when the business opens, Meta will not allow an answer any more",
    "language": "the text is in another language",
    "outranked": "it would have answered, but another campaign came first",
}

STOPPED: Final[Mapping[Stopped, str]] = {
    "waits_for_tap": "It waits for the person to tap.",
    "waits_for_answer": "It waits for the person's answer.",
    "waits_for_time": "It waits until its time comes.",
    "gate_closed": "It goes on only with people who follow the account.",
    "no_window": "The person may not be written to further: no window is open.",
    "too_late": "When it was to go on, Meta would not have allowed it any more.",
    "follow_up_too_late": "It waits for the person to tap; it cannot remind them, for by then they "
    "may not be written to.",
    "answer_missing": "The person gave no answer that would do, as often as they were asked.",
    "handed_over": "It left the conversation to a person.",
    "does_not_fit": "None of its steps says anything to this kind of event.",
}

KINDS: Final[Mapping[DeliveryKind, str]] = {
    "public_reply": "public reply",
    "private_reply": "private reply",
    "message": "message",
    "webhook": "call to the owner's server",
    "lookup": "question to Meta",
    "timer": "timer",
}

STATES: Final[Mapping[State, str]] = {
    "waiting": "waits for an earlier one to be sent",
    "parked": "waits for its time or its turn",
    "ready": "is about to be sent",
    "sending": "is being sent",
    "sent": "was sent",
    "refused": "was not sent and never will be",
    "expired": "was not sent in time",
    "cancelled": "was called off",
    "uncertain": "may have been sent: no answer came, and it is being looked up",
}

REASONS: Final[Mapping[str, str]] = {
    # ours, before anything was asked of Meta
    "opted_out": "the person asked not to be written to",
    "taken_over": "a person had taken over the conversation",
    "earlier_not_sent": "the one it was to follow was not sent",
    "conversation_order": "an earlier message to the person was still on its way",
    "deadline_passed": "its time was over: Meta no longer allowed it",
    "window_closed": "the person's window had closed",
    "queued": "others go first: an hour has room for so many private replies",
    "our_limits": "our limits, which stay below Meta's, had to be kept",
    "limit_private_replies": "as many private replies went out as the hour has room for",
    "limit_live_replies": "as many answers to the broadcast went out as a second has room for",
    "limit_sends": "as many messages went out as a second has room for",
    "limit_media": "as much audio and video went out as a second has room for",
    "limit_person": "this person was sent enough for the moment",
    "limit_public_replies": "as many public replies went out as a minute has room for",
    "limit_lookups": "Meta was asked as much as a second has room for",
    "limit_uploads": "as many files were uploaded as a second has room for",
    "limit_webhooks": "the owner's server was told as much as a second has room for",
    "cooling": "Meta wants a while without calls for the account",
    "app_cooling": "Meta wants a while without calls for any account",
    "throttled": "Meta or our own limits told us to wait",
    "account_held": "nothing of the account goes out for a while",
    "probe_under_way": "the account was held, and one message is being tried before the others",
    "held_too_long": "the account was held until it was too late",
    "not_reconnected_in_time": "the account was not connected again before it was too late",
    "account_paused": "the owner has paused the account",
    "account_connected": "the account is connected",
    "account_disconnected": "the account is not connected any more",
    "account_reconnect_needed": "Meta does not let us in; connect the account again",
    "token_missing": "the account has no token; connect it again",
    "lease_expired": "whoever was sending it did not say how it ended",
    "failure": "something failed",
    "retryable": "something failed that may work later",
    "unavailable": "a part of the system was away",
    "final": "it can never be sent",
    "refused": "Meta refused it",
    "uncertain": "Meta's answer never came",
    "unreadable": "what was to be sent could not be read",
    "attachment_refused": "Meta no longer had the file; it is sent by its address",
    "not_sendable": "it does not fit what Meta takes; change what the campaign says",
    "content_unreadable": "what was to be done could not be read",
    "webhook_failed": "the owner's server did not take it, however often it was told; look there",
    "webhook_refused": "the owner's server does not want it; look there, or change the address",
    "webhook_address_forbidden": "the address is not https, or not on the internet; change it",
    "webhook_secret_missing": "the account has no secret to sign webhooks with; make one",
    "webhook_secret_unusable": "the account's secret for webhooks is none; make another",
    "key_wrapped": "a key that tokens are sealed with is not given by AWS KMS; we must mend that",
    "credential_unreadable": "our keys do not open the account's token; we must mend that",
    "message_too_large": "it was too large for a queue",
    "queue_refused": "a queue refused a call of ours",
    "state_refused": "Redis refused a call of ours",
    "migration_failed": "the database could not be brought up to date",
    "called_too_often": "the API was called too often",
    "login_refused": "Instagram did not take the login; begin it again",
    "another_account": "the login was made with another Instagram account; begin it again",
    "connected_elsewhere": "the Instagram account is connected in another workspace",
    "read_only": "the database takes no writes at present",
    "wrote_in_view": "something that only reads tried to write, which is our mistake",
    "query_failed": "the database refused a statement of ours",
    "timed_out": "Meta did not answer in time",
    "connection_lost": "the connection broke before Meta's answer came",
    "answer_unreadable": "Meta's answer could not be read",
    # what was found out about what was uncertain
    "found_as_echo": "Meta told us of the message by itself",
    "found_in_conversation": "it was found in the conversation",
    "found_under_comment": "it was found under the comment",
    "not_found": "it was looked for at Meta twice and was not there",
    "never_answered": "Meta never answered, and it was not there, however often it was tried",
    "unresolved": "nobody could find out whether it was sent, so a person must decide",
    # a person's decisions
    "decided_sent": "a person decided that it was sent",
    "decided_retry": "a person decided that it is to be sent again",
    "decided_drop": "a person decided that it is not to be sent",
    "called_off": "a person called it off",
    "person_erased": "the person was erased",
    "imported": "it was owed by the installation that the workspace came from",
    "graph_failure": "a call to Meta failed",
    "owner_must_act": "something is to be done in the Instagram app",
    "app_role_missing": "Meta takes nothing of the account since it was connected; accept the "
    "tester invite, or ask whoever runs Switchboard",
    "token_dead": "the account's token is no good any more; connect it again",
    "not_understood": "Meta answered something we do not know",
    # Meta's answers
    "unknown_error": "Meta answered with an error we have never seen",
    "unknown_failure": "Meta failed for no stated reason",
    "answer_lost": "Meta sent it but lost its answer",
    "service_failure": "Meta had a passing fault, or the person blocks the account",
    "server_failure": "Instagram's servers failed",
    "created_then_failed": "Meta made it and then said it had failed",
    "send_failure": "Meta had a passing failure while sending",
    "media_timeout": "Meta took too long to fetch the file",
    "app_limited": "the app had reached Meta's limit of requests",
    "too_many_sends": "Meta found that too much was sent at once",
    "account_limited": "the account had reached Meta's limit of requests",
    "page_limited": "the Page had reached Meta's limit of requests",
    "rate_limited": "a rate limit of Meta's was reached",
    "irregular_volume": "Meta found the calls' pattern unusual",
    "messaging_limited": "the account had reached Meta's limit of messages",
    "budget_spent": "the account's budget of calls at Meta was spent",
    "suspected_spam": "Meta stopped it as suspected spam; vary the texts, or answer fewer",
    "sending_restricted": "Meta lets the account send nothing for a while; vary the texts",
    "permission_denied": "a permission is missing, or Meta blocks access for a moment; if it "
    "stays, connect the account again and grant everything",
    "policy_block": "Meta blocks the account for a while, for policy or repetition; vary the texts",
    "link_restricted": "Meta lets nobody share the link at present; if it stays, use another",
    "account_restricted": "Meta restricts the account, or it must pass a check; open the Instagram "
    "app and do what it asks for",
    "account_blocked": "Meta lets no tool send messages for the account; Settings > Account Status "
    "in the Instagram app says why",
    "account_checkpointed": "Meta wants to know that the account is its owner's; pass the check in "
    "the Instagram app",
    "account_unconfirmed": "the account is not confirmed; confirm it in the Instagram app",
    "role_missing": "whoever connected the account has no role on its Page; give them one",
    "message_access_off": "tools may not access messages; in the Instagram app allow it under "
    "Settings > Messages and story replies > Connected tools > Allow access to messages",
    "messages_disabled": "messages are switched off; in the Instagram app allow them under "
    "Settings > Messages and story replies > Message controls",
    "permission_missing": "a permission was not granted; connect the account again and grant "
    "everything",
    "session_over": "the login at Instagram has ended; connect the account again",
    "token_invalid": "the account's token is no good any more; connect the account again",
    "app_removed": "the app was removed at Instagram; connect the account again",
    "password_changed": "the password was changed; connect the account again",
    "token_expired": "the account's token has run out; connect the account again",
    "token_revoked": "the account's token was revoked; connect the account again",
    "private_replies_not_granted": "private replies were not granted; connect the account again "
    "and grant them",
    "person_unreachable": "this person cannot be written to",
    "thread_taken": "another app has the conversation; take it away at Instagram, or leave it to "
    "that",
    "media_missing": "there is no such post, or no access to it",
    "object_missing": "what it answers was deleted or is not visible",
    "thread_missing": "the conversation was archived or deleted",
    "person_missing": "Meta knows no such person",
    "reply_not_allowed": "the account may not answer this",
    "message_missing": "the message was deleted",
    "consent_missing": "the person has not agreed that we read their profile",
    "comment_not_answerable": "the comment was answered before, deleted, or is older than 7 days",
    "already_answered": "the comment had been answered before",
    "app_access_missing": "the app lacks a permission or an access",
    "app_not_capable": "the app lacks a capability",
    "invalid_parameter": "Meta did not take it as we put it",
    "app_not_live": "the app is not live",
    "many_images_unavailable": "Meta does not take several images in one message",
}


def sentence_of(reason: str) -> str:
    """Return what a delivery's `reason` means; one this release does not know, as it is written."""
    return REASONS.get(reason) or reason.replace("_", " ")
