"""
What must hold whatever tables there are, asked of PostgreSQL's own catalogue.

The matrix beside has an entry for each table, written by hand; here no table has one. Each rule is
a query for what breaks it, so a table, column, function, sequence or role that somebody adds is
held to it without anybody thinking of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.integration.db.isolation.matrix import Connection

# Whoever can be anybody: they have no business in our schemas, but for what users are granted.
_OUTSIDE: Final = "'{anon,service_role,authenticator,switchboard_api}'::text[]"
_OURS: Final = (
    "'{anon,authenticated,authenticator,switchboard_api,switchboard_pipeline,"
    "switchboard_caretaker}'::text[]"
)
_SCHEMAS: Final = "n.nspname in ('public', 'private')"
_RELATION: Final = f"""
  pg_class c join pg_namespace n on n.oid = c.relnamespace and {_SCHEMAS}
   and c.relkind in ('r', 'p', 'v', 'm', 'f')"""
_COLUMN: Final = f"""{_RELATION}
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"""
_FUNCTION: Final = f"pg_proc p join pg_namespace n on n.oid = p.pronamespace and {_SCHEMAS}"
_POLICY: Final = f"""
  pg_policy y join pg_class c on c.oid = y.polrelid
  join pg_namespace n on n.oid = c.relnamespace and {_SCHEMAS}"""
_FOR_USERS: Final = "y.polroles = array['authenticated'::regrole::oid]"
_WORDS: Final = """
  concat_ws(' ', pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid))"""


def _may(role: str, privilege: str) -> str:
    return f"has_column_privilege({role}, c.oid, a.attnum, '{privilege}')"


RULES: Final[Mapping[str, str]] = {
    # --- who may anything at all
    "a table is nobody's but users' and our processes'": f"""
        select format('%s: %s', r, c.oid::regclass) from unnest({_OUTSIDE}) r, {_RELATION}
         where has_any_column_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
            or has_table_privilege(r, c.oid, 'DELETE, TRUNCATE, TRIGGER')""",
    "a sequence is its owner's alone": f"""
        select format('%s: %s', r, c.oid::regclass) from unnest({_OURS} || 'service_role'::text) r,
               pg_class c join pg_namespace n on n.oid = c.relnamespace and {_SCHEMAS}
         where c.relkind = 'S' and has_sequence_privilege(r, c.oid, 'USAGE, SELECT, UPDATE')""",
    "a function is called by those it is granted to": f"""
        select format('%s: %s', r, p.oid::regprocedure)
          from unnest('{{anon,service_role,authenticator}}'::text[]) r, {_FUNCTION}
         where has_function_privilege(r, p.oid, 'EXECUTE')""",
    "a trigger is called by nobody": f"""
        select format('%s: %s', r, p.oid::regprocedure) from unnest({_OURS}) r, {_FUNCTION}
         where p.prorettype = 'trigger'::regtype and has_function_privilege(r, p.oid, 'EXECUTE')""",
    "nobody makes anything": f"""
        select format('%s: %s', r, n.nspname) from unnest({_OURS} || 'service_role'::text) r,
               pg_namespace n
         where {_SCHEMAS} and has_schema_privilege(r, n.oid, 'CREATE')""",
    "nobody empties, refers to, or hangs a trigger on a table": f"""
        select format('%s: %s', r, c.oid::regclass) from unnest({_OURS}) r, {_RELATION}
         where has_table_privilege(r, c.oid, 'TRUNCATE, TRIGGER')
            or has_any_column_privilege(r, c.oid, 'REFERENCES')""",
    "nobody reads a part of a table": f"""
        select format('%s: %s', r, c.oid::regclass) from unnest({_OURS}) r, {_RELATION}
         where c.relispartition
           and has_any_column_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')""",
    "our roles become nobody else": f"""
        select format('%s: %s', r, o.rolname) from unnest({_OURS}) r, pg_roles o
         where r <> 'authenticator' and o.rolname <> r and pg_has_role(r, o.oid, 'MEMBER')
           and (r, o.rolname::text) <> ('switchboard_api', 'authenticated')""",
    "our roles are plain": f"""
        select r.rolname::text from pg_roles r where r.rolname = any ({_OURS})
           and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb
                or r.rolreplication)""",
    "the owner owns everything": f"""
        select c.oid::regclass::text from {_RELATION}
         where c.relowner <> current_user::regrole
        union all
        select p.oid::regprocedure::text from {_FUNCTION}
         where p.proowner <> current_user::regrole""",
    # --- what is read
    "secrets are read by no user": f"""
        select format('%s.%s', c.oid::regclass, a.attname) from {_COLUMN}
         where a.attname ~ '(_hash|^ciphertext|^nonce|secret|password|token|^lease_owner|key_id)$'
           and {_may("'authenticated'", "SELECT")}
           and not exists (select from pg_policy y where y.polrelid = c.oid and y.polcmd = 'r'
                              and {_WORDS} ~ 'caller_id\\(\\)')""",
    "our processes know no members": """
        select format('%s: %s', r, c.oid::regclass)
          from unnest('{switchboard_pipeline,switchboard_caretaker}'::text[]) r,
               pg_class c join pg_namespace n on n.oid = c.relnamespace
         where (n.nspname = 'auth' or c.relname ~ '^(memberships|invitations|api_keys|audit_log|'
                'workspaces|exports|login_states|idempotency_keys)$') and c.relkind in ('r', 'p')
           and has_any_column_privilege(r, c.oid, 'SELECT, INSERT, UPDATE')""",
    "the caretaker reads no words": f"""
        select format('%s.%s', c.oid::regclass, a.attname) from {_COLUMN}
         where (a.attname ~ '^(event|decision|content|text|words|body)$' or c.relname = 'contacts')
           and {_may("'switchboard_caretaker'", "SELECT")}""",
    "a view is its reader's": f"""
        select c.oid::regclass::text from {_RELATION}
         where c.relkind in ('v', 'm')
           and not 'security_invoker=true' = any (coalesce(c.reloptions, '{{}}'))""",
    # --- what is written
    "whose a row is, and what it is called, is changed by nobody": f"""
        select format('%s: %s.%s', r, c.oid::regclass, a.attname) from unnest({_OURS}) r, {_COLUMN}
         where {_may("r", "UPDATE")}
           and (a.attname ~ '^(id|workspace_id|account_id|user_id|caller_id|created_at|created_by|'
                'invited_by|asked_by|published_by|revision|rules_version)$'
                and (r, c.relname::text, a.attname::text)
                    <> ('switchboard_pipeline', 'contacts', 'revision')
                or exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary
                              and a.attnum = any (i.indkey)))""",
    "a caller is called as the database calls them": f"""
        select format('%s.%s', c.oid::regclass, a.attname) from {_COLUMN}
         where c.relname in ('api_keys', 'memberships', 'workspaces') and a.attname = 'id'
           and {_may("'authenticated'", "INSERT")}""",
    "whoever writes says who they are": f"""
        select format('%s: %s', c.oid::regclass, y.polname) from {_COLUMN}
          join pg_policy y on y.polrelid = c.oid and y.polcmd in ('a', 'w') and {_FOR_USERS}
         where a.attname ~ '_by$'
           and {_may("'authenticated'", "INSERT")}
           and (y.polcmd = 'a' or {_may("'authenticated'", "UPDATE")})
           and {_WORDS} !~ (a.attname || ' = \\( SELECT (private\\.caller_id|auth\\.uid)\\(\\)')""",
    "how an insert is refused tells nothing of others": f"""
        select format('%s: %s', c.oid::regclass, i.indexrelid::regclass)
          from pg_index i join pg_class c on c.oid = i.indrelid
          join pg_namespace n on n.oid = c.relnamespace and {_SCHEMAS}
          join pg_policy y on y.polrelid = c.oid and y.polcmd = 'a' and {_FOR_USERS}
         where i.indisunique and {_WORDS} !~ 'EXISTS'
           and (select bool_and({_may("'authenticated'", "INSERT")}
                                and a.attname not in ('workspace_id', 'caller_id', 'id')
                                and a.attname !~ '_hash$')
                  from pg_attribute a where a.attrelid = c.oid and a.attnum = any (i.indkey))""",
    "JSON that users write is read by all": f"""
        select format('%s.%s', c.oid::regclass, a.attname) from {_COLUMN}
         where a.atttypid = 'jsonb'::regtype and n.nspname = 'public'
           and ({_may("'authenticated'", "INSERT")} or {_may("'authenticated'", "UPDATE")})
           and not exists (select from pg_constraint k where k.conrelid = c.oid
                              and k.contype = 'c' and a.attnum = any (k.conkey)
                              and pg_get_constraintdef(k.oid) ~ '\\$\\.\\*\\*\\{{64\\}}')""",
    # --- what policies say
    "every table is guarded": f"""
        select c.oid::regclass::text from {_RELATION}
         where c.relkind in ('r', 'p') and not c.relrowsecurity""",
    "a policy is for users or for our processes": f"""
        select format('%s: %s', c.oid::regclass, y.polname) from {_POLICY}
         where cardinality(y.polroles) <> 1
            or not y.polroles <@ array['authenticated'::regrole, 'switchboard_pipeline'::regrole,
                                       'switchboard_caretaker'::regrole]::oid[]
            or not y.polpermissive or y.polcmd = '*'""",
    "a policy for users asks who they are": f"""
        select format('%s: %s', c.oid::regclass, y.polname) from {_POLICY}
         where {_FOR_USERS} and (
           y.polcmd <> 'a' and pg_get_expr(y.polqual, y.polrelid)
             !~ 'my_workspace_ids\\(|caller_id\\(\\)'
           or y.polcmd in ('a', 'w') and coalesce(pg_get_expr(y.polwithcheck, y.polrelid), '')
             !~ 'my_workspace_ids\\(|caller_id\\(\\)')""",
    "what viewers may not, no policy lets them": f"""
        select format('%s: %s', c.oid::regclass, y.polname) from {_POLICY}
         where {_FOR_USERS} and y.polcmd <> 'r' and {_WORDS} ~ '''viewer''::'""",
    # --- what runs with the owner's rights
    "a function finds only what it names": f"""
        select p.oid::regprocedure::text from {_FUNCTION}
         where not 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{{}}'))""",
    "a definer that users call asks who they are": f"""
        select p.oid::regprocedure::text from {_FUNCTION}
         where p.prosecdef and has_function_privilege('authenticated', p.oid, 'EXECUTE')
           and p.prosrc !~ 'my_workspace_ids\\(|auth\\.uid\\(|auth\\.jwt\\(|erase_person\\('""",
    "the API as itself learns whose something is, and no more": f"""
        select p.oid::regprocedure::text from {_FUNCTION}
         where has_function_privilege('switchboard_api', p.oid, 'EXECUTE')
           and p.proname !~ '^use_'""",
}


async def broken(owner: Connection) -> dict[str, set[str]]:
    """Return the rules that do not hold, each with what breaks it."""
    found = {rule: {row[0] for row in await owner.fetch(query)} for rule, query in RULES.items()}
    return {rule: offenders for rule, offenders in found.items() if offenders}
