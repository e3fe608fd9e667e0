"""What the catalogue says: every table guarded, every grant written out."""

from __future__ import annotations

from collections import defaultdict

import pytest

from switchboard.db import rules, tenancy
from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database
from tests.integration.db.town import Shop, owe

# Everything the router and the sender may do. A right that is not in this list is a mistake, here
# or there. `*` is every column the statement names anyway; the lists are sorted.
PIPELINE = {
    ("public.instagram_accounts", "SELECT"): "app_scoped_id first_served held_until hold_reason "
    "holds id instagram_id intent_calibration intent_threshold paused_until "
    "private_replies_per_hour probe_id probe_until proved_at reply_delay_max reply_delay_min "
    "rules_version sends_per_second status takeover time_zone username workspace_id",
    ("public.instagram_accounts", "UPDATE"): "held_until hold_reason holds probe_id probe_until "
    "proved_at status",
    ("private.instagram_credentials", "SELECT"): "account_id ciphertext expires_at key_id nonce",
    ("private.webhook_secrets", "SELECT"): "account_id ciphertext key_id nonce",
    ("private.attachments", "SELECT"): "account_id attachment_id source upload_after uploaded_at",
    ("private.attachments", "INSERT"): "account_id source",
    ("private.attachments", "UPDATE"): "attachment_id upload_after uploaded_at",
    ("public.campaigns", "SELECT"): "account_id id live_version next_media_id rank status "
    "workspace_id",
    ("public.campaigns", "UPDATE"): "next_media_id",
    ("public.campaign_versions", "SELECT"): "campaign_id definition published_at version "
    "workspace_id",
    ("public.posts", "SELECT"): "account_id media_id posted_at",
    ("public.posts", "INSERT"): "account_id media_id posted_at workspace_id",
    ("public.rule_books", "SELECT"): "account_id book version",
    ("public.rule_books", "INSERT"): "account_id book version workspace_id",
    ("public.intents", "SELECT"): "account_id description examples name workspace_id",
    ("public.contacts", "SELECT"): "account_id answered email fields first_seen_at flows follows "
    "follows_at last_inbound_at name opted_out_at paused_by paused_until person_id phone "
    "recordings revision tags username window_closes_at",
    ("public.contacts", "INSERT"): "account_id answered email fields first_seen_at flows follows "
    "follows_at last_inbound_at opted_out_at paused_by paused_until person_id phone recordings "
    "revision tags username window_closes_at workspace_id",
    ("public.contacts", "UPDATE"): "answered email fields first_seen_at flows follows follows_at "
    "last_inbound_at name opted_out_at paused_by paused_until phone recordings revision tags "
    "username window_closes_at",
    ("private.forgotten", "SELECT"): "at instagram_id",
    ("private.known_events", "SELECT"): "event_id received_at",
    ("private.known_events", "INSERT"): "event_id received_at",
    ("private.event_memory", "SELECT"): "begins_at",
    ("public.events", "SELECT"): "event_id outcome received_at",
    ("public.events", "INSERT"): "account_id campaign_id decision event event_id identity "
    "instagram_id kind occurred_at outcome person_id received_at trace_id workspace_id",
    ("public.events", "UPDATE"): "campaign_id decision outcome",
    ("public.deliveries", "SELECT"): "absent_at account_id after_id attempt_over_at attempted_at "
    "attempts campaign_id campaign_version comment_id content created_at deadline doubted_at "
    "event_id id kind lane lease_owner lease_until look_at looks message_id moves not_before "
    "person_id published_at reason recipient_id state step trace_id workspace_id",
    ("public.deliveries", "INSERT"): "account_id after_id campaign_id campaign_version comment_id "
    "content deadline event_id id kind lane not_before person_id published_at reason state step "
    "trace_id workspace_id",
    ("public.deliveries", "UPDATE"): "absent_at attempted_at attempts deadline fbtrace_id "
    "graph_code graph_subcode lease_owner lease_until look_at looks message_id moved_by not_before "
    "published_at reason recipient_id sent_at state",
    ("public.delivery_looks", "INSERT"): "asked because delivery_id message_id number outcome seen "
    "workspace_id",
    ("public.alerts", "SELECT"): "account_id detail id kind over_after raised_at resolved_at "
    "seen_at subject",
    ("public.alerts", "INSERT"): "account_id detail kind over_after subject workspace_id",
    ("public.alerts", "UPDATE"): "detail over_after resolved_at seen_at",
    ("public.delivery_forecasts", "SELECT"): "account_id campaign_id claimed_until computed_at "
    "drained_at missed missed_from waiting",
    ("public.delivery_forecasts", "INSERT"): "account_id campaign_id claimed_until computed_at "
    "drained_at missed missed_from waiting workspace_id",
    ("public.delivery_forecasts", "UPDATE"): "claimed_until computed_at drained_at missed "
    "missed_from waiting",
}

# What each may call. The pipeline's show it a little of what it may not read; the API's, as itself,
# are for who has no login of ours: a program with a key, a browser that Instagram sends back.
_AT = "timestamp with time zone"
FUNCTIONS = {
    "anon": [],
    "service_role": [],
    "authenticated": [
        "private.accept_invitation(bytea)",
        "private.api_key_id()",
        "private.begin_letters(text,text,jsonb)",
        "private.caller_id()",
        "private.change_contact(uuid,text,bigint,text[],boolean)",
        "private.connection_ends(uuid)",
        f"private.count_funnel(uuid[],{_AT}[],{_AT}[],uuid)",
        "private.create_workspace(text)",
        "private.days_of(text,date,date)",
        "private.decide_delivery(uuid,text,text)",
        "private.delete_workspace(uuid,text,interval)",
        "private.discard_export(uuid)",
        "private.disconnect_account(uuid)",
        "private.emails_of_members(uuid)",
        "private.end_letters(bigint,jsonb)",
        "private.erase_contact(uuid,text)",
        "private.erase_person(uuid,text)",
        "private.funnel(uuid,uuid,uuid,date,date)",
        "private.is_operator()",
        "private.is_signed_in()",
        "private.keep_workspace(uuid)",
        "private.letter_deeds_before(bigint,integer)",
        "private.my_api_key()",
        "private.my_workspace_ids(member_role)",
        "private.note_letters(text,text,jsonb)",
        "private.run_job(uuid,text)",
        "private.set_webhook_secret(uuid,text,bytea,bytea)",
        "private.try_account_again(uuid)",
    ],
    "switchboard_api": [
        "private.use_api_key(bytea)",
        "private.use_login_state(bytea)",
    ],
    "switchboard_caretaker": [
        "private.accounts_of_app_user(bytea)",
        "private.applied_migrations()",
        f"private.archived_deliveries(date,{_AT},{_AT},uuid,integer)",
        f"private.archived_events(date,{_AT},uuid,integer)",
        "private.ask_for_snapshots(interval,interval,integer)",
        "private.begin_removing(uuid)",
        f"private.drop_deliveries(date,{_AT},{_AT},uuid,integer)",
        "private.drop_event_day(date,integer)",
        "private.due_funnels(integer)",
        "private.export_swept(uuid)",
        "private.exported_person(uuid,text)",
        "private.exported_tables()",
        "private.exports_to_sweep(integer)",
        "private.exports_waiting()",
        "private.finish_export(uuid,text,text,bigint,text,bigint,interval)",
        "private.forget_account(uuid,integer)",
        "private.forget_events(integer,integer)",
        "private.give_up_export(uuid,text,text,interval)",
        "private.go_on_exporting(uuid,text,bigint,interval)",
        "private.heard_of(uuid)",
        "private.keep_funnel(uuid,integer,integer)",
        "private.last_migration()",
        "private.make_event_days(integer)",
        f"private.oldest_over_delivery({_AT})",
        "private.open_export(uuid,text,text)",
        "private.owed_funnels(date)",
        "private.remove_workspace(uuid,integer)",
        "private.take_export(text,interval,integer)",
        "private.tidy(integer)",
        "private.tidy_forgotten(integer)",
        "private.tokens_to_forget()",
        "private.work_waiting()",
        "private.workspaces_to_remove(integer)",
    ],
    "switchboard_pipeline": [
        "private.call_off_after(uuid[])",
        f"private.is_forgotten(uuid,text,text,text,{_AT},jsonb)",
        "private.own_words(uuid)",
        "private.parent_comment(uuid)",
        f"private.record_forgotten(uuid,uuid,uuid,text,text,text,{_AT},{_AT},jsonb,text)",
        "private.release_after(uuid[])",
    ],
}

# What a policy for users goes by, computed once for a statement.
ONCE = ("ANY (( SELECT private.my_workspace_ids(", "= ( SELECT private.caller_id() AS caller_id)")

_TABLES = """
select n.nspname || '.' || c.relname as name, c.relrowsecurity as guarded
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
 order by 1
"""

_POLICIES = """
select schemaname || '.' || tablename as name, cmd, array_agg(policyname::text) as policies,
       roles::text[] as roles, min(coalesce(qual, with_check)) as condition
  from pg_policies
 where schemaname in ('public', 'private')
 group by 1, 2, 4
"""

# Column by column, whether granted so or on the whole table.
_GRANTS = """
select n.nspname || '.' || c.relname as name, kind.privilege,
       string_agg(a.attname, ' ' order by a.attname) as columns
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) as kind (privilege)
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
   and has_column_privilege($1, c.oid, a.attnum, kind.privilege)
 group by 1, 2
"""

_WHOLE = """
select n.nspname || '.' || c.relname as name, kind.privilege
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',
                         'TRIGGER']) as kind (privilege)
 where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
   and has_table_privilege($1, c.oid, kind.privilege)
 order by 1, 2
"""

_FUNCTIONS = """
select p.oid::regprocedure::text as name
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('public', 'private') and has_function_privilege($1, p.oid, 'EXECUTE')
"""

_UNSAFE_DEFINERS = """
select p.oid::regprocedure::text as name
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('public', 'private')
   and (p.proconfig is null or not 'search_path=pg_catalog, pg_temp' = any (p.proconfig))
"""


async def test_every_table_is_guarded(owner: Database) -> None:
    """Row level security is on for each table, in the unexposed schema too."""
    rows = await owner.fetch(_TABLES)

    assert [] == [row["name"] for row in rows if not row["guarded"]]
    assert len(rows) >= 10


async def test_every_table_says_what_it_holds(owner: Database) -> None:
    """Each table has a comment."""
    rows = await owner.fetch(
        f"select name, obj_description(name::regclass) as told from ({_TABLES}) t"
    )

    assert [] == [row["name"] for row in rows if not row["told"]]


async def test_one_policy_for_a_table_and_command(owner: Database) -> None:
    """Policies do not add up: for a role, a table and a command there is one, for one role."""
    several = {}
    for row in await owner.fetch(_POLICIES):
        if len(row["policies"]) != 1 or len(row["roles"]) != 1 or row["cmd"] == "ALL":
            several[row["name"], row["cmd"]] = row["policies"]

    assert {} == several


async def test_policies_are_computed_once(owner: Database) -> None:
    """What a user may see is found out once per statement, and is not a question per row."""
    odd = [
        row["name"]
        for row in await owner.fetch(_POLICIES)
        if row["roles"] == ["authenticated"] and not any(form in row["condition"] for form in ONCE)
    ]

    assert [] == odd


async def test_the_pipelines_rights(owner: Database) -> None:
    """The pipeline's role may do what is listed, column by column, and nothing else."""
    granted = {
        (row["name"], row["privilege"]): row["columns"]
        for row in await owner.fetch(_GRANTS, "switchboard_pipeline")
    }

    assert PIPELINE == granted
    assert [] == await owner.fetch(_WHOLE, "switchboard_pipeline")


async def test_the_pipelines_policies(owner: Database) -> None:
    """For each right there is a policy, and no policy without a right."""
    policies = {
        (row["name"], row["cmd"])
        for row in await owner.fetch(_POLICIES)
        if row["roles"] == ["switchboard_pipeline"]
    }

    assert set(PIPELINE) == policies


async def test_who_bypasses_nothing(owner: Database) -> None:
    """Our roles bypass no policy, own nothing, and lead to `authenticated` at most."""
    rows = await owner.fetch(
        """
        select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb as strong,
               array(select g.rolname::text from pg_auth_members m
                       join pg_roles g on g.oid = m.roleid where m.member = r.oid) as leads_to
          from pg_roles r where rolname in ('switchboard_api', 'switchboard_pipeline')
        """
    )

    assert {
        "switchboard_api": (False, ["authenticated"]),
        "switchboard_pipeline": (False, []),
    } == {row["rolname"]: (row["strong"], row["leads_to"]) for row in rows}


async def test_what_the_platform_granted_is_taken_back(owner: Database) -> None:
    """`anon` and `service_role` have nothing; a user has no right on a table but to delete."""
    for role in ("anon", "service_role"):
        assert [] == await owner.fetch(_WHOLE, role)
        assert [] == await owner.fetch(_GRANTS, role)

    whole = defaultdict(list)
    for row in await owner.fetch(_WHOLE, "authenticated"):
        whole[row["privilege"]].append(row["name"])
    deleted = ["campaigns", "intent_labels", "intents", "invitations", "memberships"]
    assert {
        "DELETE": ["private.idempotency_keys", *(f"public.{name}" for name in deleted)]
    } == whole


async def test_who_may_call_what(owner: Database) -> None:
    """Each role may call the functions that are listed, and no other of ours."""
    callable_by = {
        role: sorted(row["name"] for row in await owner.fetch(_FUNCTIONS, role))
        for role in FUNCTIONS
    }

    assert callable_by == FUNCTIONS


async def test_functions_find_only_what_they_name(owner: Database) -> None:
    """No function of ours can be led to another's table by a search path."""
    assert [] == await owner.fetch(_UNSAFE_DEFINERS)


class TestPipeline:
    async def test_a_connection_is_not_its_to_make(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """It neither disconnects an account nor connects one again."""
        with pytest.raises(QueryFailed, match="row-level security"):
            await pipeline.execute("update public.instagram_accounts set status = 'disconnected'")
        await owner.execute("update public.instagram_accounts set status = 'disconnected'")
        tag = await pipeline.execute("update public.instagram_accounts set status = 'connected'")

        assert tag == "UPDATE 0"

    async def test_rows_of_two_tenants(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """It cannot mix tenants: one's account in another's workspace is refused."""
        other = await owner.fetchrow("select gen_random_uuid() as id")
        assert other is not None
        await tenancy.create_workspace(owner, other["id"], "other")
        await owe(pipeline, shop)

        with pytest.raises(QueryFailed, match="foreign key"):
            await pipeline.execute(
                """
                insert into public.contacts (account_id, person_id, workspace_id, first_seen_at)
                values ($1, '1', $2, now())
                """,
                shop.account,
                other["id"],
            )

    async def test_what_was_decided_stays(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """A final decision is final for everybody."""
        await owe(pipeline, shop)

        for db in (owner, pipeline):
            with pytest.raises(QueryFailed, match="is decided"):
                await db.execute("update public.events set outcome = 'ignored'")

    async def test_a_post_is_found_once(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """It binds a live campaign to a post, and neither to another one nor to none again."""
        bind = "update public.campaigns set next_media_id = $1"
        tags = []
        for status, media_id in [("paused", "1"), ("live", "1"), ("live", "2"), ("live", None)]:
            await owner.execute("update public.campaigns set status = $1", status)
            tags.append(await pipeline.execute(bind, media_id))

        assert ["UPDATE 0", "UPDATE 1", "UPDATE 0", "UPDATE 0"] == tags
        with pytest.raises(QueryFailed, match="permission denied"):
            await pipeline.execute("update public.campaigns set draft = null")

    async def test_what_the_rules_were_stays(
        self, owner: Database, pipeline: Database, shop: Shop
    ) -> None:
        """It writes what the rules were at a version, and never changes it."""
        await rules.keep_book(pipeline, shop.account, shop.workspace, 7, "{}")

        for change in ("update public.rule_books set book = '{}'", "delete from public.rule_books"):
            with pytest.raises(QueryFailed, match="permission denied"):
                await pipeline.execute(change)

    async def test_a_secret_is_not_its_to_change(self, pipeline: Database, shop: Shop) -> None:
        """It signs with a webhook secret and cannot put another in its place."""
        with pytest.raises(QueryFailed, match="permission denied"):
            await pipeline.execute("update private.webhook_secrets set key_id = 'mine'")
        with pytest.raises(QueryFailed, match="permission denied"):
            await pipeline.execute(
                "insert into private.webhook_secrets values ($1, 'k', ''::bytea, ''::bytea)",
                shop.account,
            )
