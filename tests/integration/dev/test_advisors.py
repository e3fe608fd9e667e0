"""Supabase's own linter has nothing to say of our schema, and something of a broken one."""

from __future__ import annotations

import pytest

from dev.advisors import plant, warnings_of
from dev.failures import CannotRun

FAULTS = {
    "rls_disabled_in_public": "create table public.open (id int primary key)",
    "policy_exists_rls_disabled": "alter table public.contacts disable row level security",
    "multiple_permissive_policies": """
        create policy again on public.posts for select to authenticated
          using (workspace_id = any ((select private.my_workspace_ids())::uuid[]))""",
    "auth_rls_initplan": """
        create policy slow on public.posts for delete to authenticated
          using (workspace_id = auth.uid())""",
    "function_search_path_mutable": """
        create function public.led_astray() returns int language sql as 'select 1'""",
    "security_definer_view": "create view public.everything as select * from public.contacts",
}


async def test_no_warning(database_url: str) -> None:
    """There is no warning about the schema as the migrations make it."""
    assert [] == await warnings_of(database_url)


async def test_faults(database_url: str) -> None:
    """It warns of each fault that is planted, so that it warns of none means something."""
    for fault in FAULTS.values():
        await plant(database_url, fault)

    assert set(FAULTS) == {one.lint for one in await warnings_of(database_url)}


async def test_a_database_that_is_away() -> None:
    """That it could not look is no good news."""
    with pytest.raises(CannotRun, match="supabase db failed"):
        await warnings_of("postgresql://nobody@127.0.0.1:1/none")
