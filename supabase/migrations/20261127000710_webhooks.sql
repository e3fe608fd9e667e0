-- An owner tries out their own server: what signs for the account signs that call, too.
grant select (account_id, key_id, nonce, ciphertext)
   on private.webhook_secrets to switchboard_caretaker;
create policy caretaker_select on private.webhook_secrets for select to switchboard_caretaker
  using (true);
