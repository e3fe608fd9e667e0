"""`POST /{account}/message_attachments`: media given to Meta once, and sent by its id after."""

from __future__ import annotations

from tools.metasim import refusals
from tools.metasim.composing import require_uploadable
from tools.metasim.graph.calls import Answer, Call
from tools.metasim.records import Attachment, Json


def upload(call: Call) -> Answer:
    """Keep the media behind a URL, and return the id it is sent by."""
    own = call.require_own_node()
    call.require_scope("instagram_business_manage_messages")
    kind, url = require_uploadable(call.params.get("message"))
    attachment = Attachment(call.sim.mint.attachment_id(), own.id, kind, url)
    call.sim.world.attachments[attachment.id] = attachment
    call.sim.timeline.add(
        "attachment", account_id=own.id, attachment_id=attachment.id, type=kind, url=url
    )
    return Answer({"attachment_id": attachment.id})


def require_own_media(call: Call, message: Json) -> Json:
    """
    Return a message with what its attachment ids stand for, as the person sees it.

    Refuses (100) an id that is nobody's or another account's, and one of another type; and
    (100/2534068) several images where the account may not send them.
    """
    several = message.get("attachments")
    if isinstance(several, list):
        if len(several) > 1 and not call.account.may_send_many_images:
            raise refusals.many_images_unavailable()
        return {**message, "attachments": [_resolved(call, one) for one in several]}
    for name in ("attachments", "attachment"):  # Meta's page draws one image under either name
        if isinstance(one := message.get(name), dict):
            return {**message, name: _resolved(call, one)}
    return message


def _resolved(call: Call, item: Json) -> Json:
    attachment_id = (item.get("payload") or {}).get("attachment_id")
    if attachment_id is None:
        return item
    attachment = call.sim.world.attachments.get(str(attachment_id))
    if attachment is None or attachment.account_id != call.account.id:
        raise refusals.invalid_parameter(f"payload[attachment_id] {attachment_id} is not known")
    if attachment.kind != item["type"]:
        raise refusals.invalid_parameter(f"the attachment is of type {attachment.kind}")
    attachment.uses += 1
    return {**item, "payload": {"url": attachment.url}}
