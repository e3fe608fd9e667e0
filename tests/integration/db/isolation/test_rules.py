"""What must hold whatever tables there are: that it does, and that a hole in it is seen."""

from __future__ import annotations

from tests.integration.db.isolation.conftest import Settled
from tests.integration.db.isolation.matrix import connected
from tests.integration.db.isolation.rules import RULES, broken

# For each rule a statement that breaks it, and what is found then.
HOLES = {
    "a table is nobody's but users' and our processes'": (
        "grant select (name) on public.campaigns to service_role",
        "service_role: campaigns",
    ),
    "a sequence is its owner's alone": (
        "grant usage on sequence private.rules_versions to authenticated",
        "authenticated: private.rules_versions",
    ),
    "a function is called by those it is granted to": (
        "grant execute on function private.forget_person(uuid, text) to public",
        "anon: private.forget_person(uuid,text)",
    ),
    "a trigger is called by nobody": (
        "grant execute on function private.audit() to switchboard_pipeline",
        "switchboard_pipeline: private.audit()",
    ),
    "nobody makes anything": (
        "grant create on schema private to switchboard_caretaker",
        "switchboard_caretaker: private",
    ),
    "nobody empties, refers to, or hangs a trigger on a table": (
        "grant references (id) on public.campaigns to authenticated",
        "authenticated: campaigns",
    ),
    "nobody reads a part of a table": (
        "grant select on private.events_unexpected to switchboard_pipeline",
        "switchboard_pipeline: private.events_unexpected",
    ),
    "secrets are read by no user": (
        "grant select (token_hash) on public.invitations to authenticated",
        "invitations.token_hash",
    ),
    "our processes know no members": (
        "grant select (email) on auth.users to switchboard_caretaker",
        "switchboard_caretaker: auth.users",
    ),
    "the caretaker reads no words": (
        "grant select (event) on public.events to switchboard_caretaker",
        "events.event",
    ),
    "a view is its reader's": (
        "create view public.everybody as select * from public.contacts",
        "everybody",
    ),
    "whose a row is, and what it is called, is changed by nobody": (
        "grant update (workspace_id) on public.intents to authenticated",
        "authenticated: intents.workspace_id",
    ),
    "a caller is called as the database calls them": (
        "grant insert (id) on public.api_keys to authenticated",
        "api_keys.id",
    ),
    "whoever writes says who they are": (
        """alter policy exports_insert on public.exports with check (
             workspace_id = any ((select private.my_workspace_ids('admin'))::uuid[]))""",
        "exports: exports_insert",
    ),
    "how an insert is refused tells nothing of others": (
        """alter policy intents_insert on public.intents with check (
             workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[]))""",
        "intents: intents_account_id_name_key",
    ),
    "JSON that users write is read by all": (
        "alter table public.campaigns drop constraint campaigns_draft_readable",
        "campaigns.draft",
    ),
    "every table is guarded": (
        "alter table public.contacts disable row level security",
        "contacts",
    ),
    "a policy is for users or for our processes": (
        "create policy hole on public.posts for select using (true)",
        "posts: hole",
    ),
    "a policy for users asks who they are": (
        "alter policy contacts_select on public.contacts using (true)",
        "contacts: contacts_select",
    ),
    "what viewers may not, no policy lets them": (
        """alter policy campaigns_update on public.campaigns using (
             workspace_id = any ((select private.my_workspace_ids('viewer'))::uuid[]))""",
        "campaigns: campaigns_update",
    ),
    "a function finds only what it names": (
        "alter function private.use_api_key(bytea) set search_path = ''",
        "private.use_api_key(bytea)",
    ),
    "a definer that users call asks who they are": (
        "grant execute on function private.forget_account(uuid, int) to authenticated",
        "private.forget_account(uuid,integer)",
    ),
    "the API as itself learns whose something is, and no more": (
        "grant execute on function private.tidy(int) to switchboard_api",
        "private.tidy(integer)",
    ),
}
# What only somebody who owns roles could break, and not in one database alone.
OF_THE_CLUSTER = {
    "our roles become nobody else",
    "our roles are plain",
    "the owner owns everything",
}


async def test_every_rule_holds(settled: Settled) -> None:
    """Nothing in the catalogue is against a rule."""
    async with connected(settled.logins.owner) as owner:
        assert {} == await broken(owner)


async def test_a_hole_in_each_is_seen(holed: Settled) -> None:
    """Planted in one database together, each hole is found by its rule."""
    async with connected(holed.logins.owner) as owner:
        for statement, _ in HOLES.values():
            await owner.execute(statement)
        found = await broken(owner)

    assert set(HOLES) == set(RULES) - OF_THE_CLUSTER
    unseen = {rule: hole for rule, (_, hole) in HOLES.items() if hole not in found.get(rule, ())}
    assert {} == unseen
