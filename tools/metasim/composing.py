"""
What a message may look like: sizes and shapes, checked as Meta's pages state them.

Pure. Everything wrong is code 100. Sources: Meta's pages "Messaging API", "Button template",
"Generic template" and "Quick replies"; a button title of 20 characters is what integrators keep to.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from tools.metasim.records import Json
from tools.metasim.refusals import invalid_parameter

TEXT_MAX_BYTES = 1000
BUTTON_TEXT_MAX = 640
BUTTONS_MAX = 3
BUTTON_TITLE_MAX = 20
QUICK_REPLIES_MAX = 13
QUICK_REPLY_TITLE_MAX = 20  # longer ones are cut, not refused
ELEMENTS_MAX = 10
ELEMENT_TEXT_MAX = 80
IMAGES_MAX = 10
_MEDIA_TYPES = {"image", "video", "audio", "file"}


def require_sendable(message: object) -> Json:
    """Return the message as Meta delivers it, or refuse it (code 100) for what is wrong."""
    if not isinstance(message, dict) or not message:
        raise invalid_parameter("message must be an object with text or an attachment")
    kinds = [key for key in ("text", "attachment", "attachments") if message.get(key) is not None]
    if len(kinds) != 1:
        raise invalid_parameter("message needs exactly one of text, attachment, attachments")
    _CHECKS[kinds[0]](message[kinds[0]])
    if "quick_replies" in message:
        return {**message, "quick_replies": _shown_quick_replies(message["quick_replies"])}
    return message


def require_private_sendable(message: object) -> Json:
    """Return a private reply as delivered: text or template, for media are refused there."""
    sendable = require_sendable(message)
    attachment = sendable.get("attachment")
    if "attachments" in sendable or (attachment and attachment["type"] != "template"):
        raise invalid_parameter("a private reply takes text or a template")
    return sendable


def require_uploadable(message: object) -> tuple[str, str]:
    """Return type and URL of media to be kept, or refuse it (code 100) for what is wrong."""
    match message:
        case {"attachment": {"type": str(kind), "payload": {"url": url} as payload}} if (
            kind in _MEDIA_TYPES
        ):
            _require_url(url, "payload[url]")
            if not isinstance(payload.get("is_reusable", False), bool):
                raise invalid_parameter("payload[is_reusable] must be true or false")
            return kind, str(url)
        case _:
            raise invalid_parameter("message[attachment] needs a type of media and a payload[url]")


def is_audio_or_video(message: Json) -> bool:
    """Whether the message counts against the limit for audio and video."""
    attachment = message.get("attachment")
    return isinstance(attachment, dict) and attachment.get("type") in {"audio", "video"}


def _require_text(text: object) -> None:
    if not isinstance(text, str) or not text.strip():
        raise invalid_parameter("message[text] must not be empty")
    if (size_bytes := len(text.encode())) > TEXT_MAX_BYTES:
        raise invalid_parameter(
            f"message[text] is {size_bytes} bytes long and must be at most {TEXT_MAX_BYTES}"
        )


def _require_attachment(attachment: object) -> None:
    match attachment:
        case {"type": "template", "payload": dict(payload)}:
            _require_template(payload)
        case {"type": "like_heart"} | {"type": "MEDIA_SHARE", "payload": {"id": str()}}:
            return
        case {"type": str(kind), "payload": dict(payload)} if kind in _MEDIA_TYPES:
            _require_media(payload)
        case _:
            raise invalid_parameter("message[attachment] has no type and payload known here")


def _require_attachments(attachments: object) -> None:
    images = attachments if isinstance(attachments, list) else [attachments]
    if not 1 <= len(images) <= IMAGES_MAX:
        raise invalid_parameter(f"message[attachments] takes 1 to {IMAGES_MAX} images")
    for image in images:
        if not isinstance(image, dict) or image.get("type") != "image":
            raise invalid_parameter("message[attachments] takes images only")
        _require_media(image.get("payload") or {})


def _require_media(payload: Json) -> None:
    if not payload.get("attachment_id"):
        _require_url(payload.get("url"), "payload[url]")


def _require_template(payload: Json) -> None:
    match payload.get("template_type"):
        case "button":
            _require_length(payload.get("text"), BUTTON_TEXT_MAX, "payload[text]")
            _require_buttons(payload.get("buttons"))
        case "generic":
            _require_elements(payload.get("elements"))
        case other:
            raise invalid_parameter(f"template_type {other!r} is not supported")


def _require_elements(elements: object) -> None:
    if not isinstance(elements, list) or not 1 <= len(elements) <= ELEMENTS_MAX:
        raise invalid_parameter(f"payload[elements] takes 1 to {ELEMENTS_MAX} elements")
    for element in elements:
        _require_element(element)


def _require_element(element: object) -> None:
    if not isinstance(element, dict):
        raise invalid_parameter("an element must be an object")
    _require_length(element.get("title"), ELEMENT_TEXT_MAX, "element[title]")
    if not any(element.get(key) for key in ("subtitle", "image_url", "default_action", "buttons")):
        raise invalid_parameter("an element needs one more property besides its title")
    if "subtitle" in element:
        _require_length(element["subtitle"], ELEMENT_TEXT_MAX, "element[subtitle]")
    if "buttons" in element:
        _require_buttons(element["buttons"])


def _require_buttons(buttons: object) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= BUTTONS_MAX:
        raise invalid_parameter(f"buttons takes 1 to {BUTTONS_MAX} buttons")
    for button in buttons:
        match button:
            case {"type": "web_url", "title": title, "url": url}:
                _require_url(url, "button[url]")
            case {"type": "postback", "title": title, "payload": str(payload)} if payload:
                pass
            case _:
                raise invalid_parameter("a button is a web_url with a url or a postback")
        _require_length(title, BUTTON_TITLE_MAX, "button[title]")


def _shown_quick_replies(quick_replies: object) -> list[Json]:
    if not isinstance(quick_replies, list) or not 1 <= len(quick_replies) <= QUICK_REPLIES_MAX:
        raise invalid_parameter(f"quick_replies takes 1 to {QUICK_REPLIES_MAX} chips")
    return [_shown_quick_reply(chip) for chip in quick_replies]


def _shown_quick_reply(chip: object) -> Json:
    if isinstance(chip, dict):
        if chip.get("content_type") in {"user_phone_number", "user_email"}:
            return chip
        title, payload = chip.get("title"), chip.get("payload")
        if chip.get("content_type") == "text" and title and payload:
            return {**chip, "title": str(title)[:QUICK_REPLY_TITLE_MAX]}
    raise invalid_parameter("a text quick reply needs a title and a payload")


def _require_length(text: object, longest: int, name: str) -> None:
    if not isinstance(text, str) or not text:
        raise invalid_parameter(f"{name} must not be empty")
    if len(text) > longest:
        raise invalid_parameter(f"{name} has {len(text)} characters and may have {longest}")


def _require_url(url: object, name: str) -> None:
    parts = urlsplit(url) if isinstance(url, str) else None
    if not (parts and parts.scheme in {"http", "https"} and parts.netloc):
        raise invalid_parameter(f"{name} must be a valid URL")


_Check = Callable[[object], None]
_CHECKS: dict[str, _Check] = {
    "text": _require_text,
    "attachment": _require_attachment,
    "attachments": _require_attachments,
}
