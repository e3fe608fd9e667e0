-- People as a workspace's members look at them, and what they may change of them.

-- Whoever was seen last is first, whether they wrote or only commented.
drop index public.contacts_lately;
create index contacts_as_seen on public.contacts (
  workspace_id, (coalesce(last_inbound_at, first_seen_at)) desc, account_id desc, person_id desc);
create index contacts_called on public.contacts (
  workspace_id, lower(username) text_pattern_ops) where username is not null;
create index contacts_tagged on public.contacts using gin (tags) where tags <> '{}';

-- Enough to see that it is the same person again, and too little to tell who: of Meta's ids, which
-- have 16 digits and more, millions share each. The log is never rewritten, and people are erased.
create function private.alias(of_account uuid, of_person text)
returns text
language sql immutable set search_path = ''
as $$
  select substr(encode(sha256(convert_to(of_account || ':' || of_person, 'UTF8')), 'hex'), 1, 8)
$$;
comment on function private.alias(uuid, text) is 'What a person is called in the audit log.';
revoke all on function private.alias(uuid, text) from public;

-- It counts the revision up, so that whoever is deciding about them just now decides again.
create function private.change_contact(
  of_account uuid, of_person text, seen bigint, new_tags text[], opted_out boolean)
returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  was public.contacts;
  became public.contacts;
begin
  select * into was
    from public.contacts
   where account_id = of_account and person_id = of_person
     and workspace_id = any ((select private.my_workspace_ids('editor'))::uuid[])
     for update;
  if not found then
    raise exception 'that contact is not yours to change' using errcode = 'insufficient_privilege';
  end if;
  if was.revision <> seen then
    return null;
  end if;
  update public.contacts contact
     set revision = contact.revision + 1,
         tags = coalesce(new_tags, contact.tags),
         opted_out_at = case change_contact.opted_out
           when true then coalesce(contact.opted_out_at, now())
           when false then null
           else contact.opted_out_at end,
         flows = case change_contact.opted_out when true then '[]' else contact.flows end
   where contact.account_id = of_account and contact.person_id = of_person
  returning contact.* into became;
  perform private.note_deed(
    was.workspace_id, 'contacts', private.alias(of_account, of_person),
    jsonb_build_object('tags', was.tags, 'opted_out', was.opted_out_at is not null),
    jsonb_build_object('tags', became.tags, 'opted_out', became.opted_out_at is not null));
  return became.revision;
end
$$;
comment on function private.change_contact(uuid, text, bigint, text[], boolean) is
  'Changes a contact that is at revision `seen`, for an editor of its workspace, and returns its '
  'new revision; null: it is at another. What is null stays. Who opts out leaves all flows.';
revoke all on function private.change_contact(uuid, text, bigint, text[], boolean) from public;
grant execute on function private.change_contact(uuid, text, bigint, text[], boolean)
   to authenticated;

create function private.erase_contact(of_account uuid, of_person text)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  erased jsonb;
begin
  erased := private.erase_person(of_account, of_person);
  perform private.note_deed(
    (select workspace_id from public.instagram_accounts where id = of_account),
    'contacts', private.alias(of_account, of_person), erased, null);
  return erased;
end
$$;
comment on function private.erase_contact(uuid, text) is
  'As private.erase_person; the audit log says who had it done, and how many rows there were.';
revoke all on function private.erase_contact(uuid, text) from public;
grant execute on function private.erase_contact(uuid, text) to authenticated;
