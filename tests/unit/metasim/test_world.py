"""The world's indexes answer what a search through everything would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.metasim.records import Contact, Message
from tools.metasim.world import World, place_of_talk

_ACCOUNT = "17841400000000001"
_written = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 20)), max_size=60)


def talked(written: list[tuple[str, int]]) -> World:
    """Return a world in which these people wrote at these moments, in this order."""
    world = World()
    for place, (username, at_s) in enumerate(written):
        contact = world.contact(_ACCOUNT, username)
        message = Message(f"m{place}", _ACCOUNT, contact.igsid, {"text": "x"}, at_s, "app")
        world.add_message(message)
    return world


def by_search(world: World) -> list[Contact]:
    talks = [contact for contact in world.contacts.values() if contact.messages]
    return sorted(talks, key=place_of_talk, reverse=True)


@given(_written)
def test_conversations_are_in_the_order_of_their_last_message(
    written: list[tuple[str, int]],
) -> None:
    """Whenever people wrote, also in the past: the latest conversation comes first."""
    world = talked(written)

    assert by_search(world) == list(world.talks_of(_ACCOUNT))


@given(_written, st.integers(0, 4))
def test_a_page_goes_on_where_the_last_one_ended(
    written: list[tuple[str, int]], taken: int
) -> None:
    """From the place of any conversation on, exactly those after it come."""
    world = talked(written)
    everybody = by_search(world)
    last = everybody[taken : taken + 1]
    rest = [one for talk in last for one in world.talks_of(_ACCOUNT, before=place_of_talk(talk))]

    assert everybody[taken + 1 :] == rest
