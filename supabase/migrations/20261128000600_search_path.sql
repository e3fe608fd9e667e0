-- A path that is empty still begins with what its user may fill: PostgreSQL looks for tables and
-- types in `pg_temp` first, unless the path names it. Whoever may make a temporary type called `uuid`
-- had its check run by our functions, as the owner of everything. So the path names where its types
-- are, and `pg_temp` last. Of the others too: what a definer calls runs with its rights.
--
-- Source: PostgreSQL, "Writing SECURITY DEFINER Functions Safely".

do $$
declare
  one regprocedure;
begin
  for one in
    select p.oid
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname in ('public', 'private') and 'search_path=""' = any (p.proconfig)
  loop
    execute format('alter function %s set search_path = pg_catalog, pg_temp', one);
  end loop;
end
$$;
