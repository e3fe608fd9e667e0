"""How a workspace begins, and how people and programs come into it."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from switchboard.db.errors import QueryFailed
from switchboard.db.pool import Database, Transaction
from tests.integration.db.town import Shop, now
from tests.integration.db.users import Role, acting_as, acting_by_key, hire, sign_up


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def _role_of(owner: Database, shop: Shop, user: UUID) -> str | None:
    row = await owner.fetchrow(
        "select role::text from public.memberships where workspace_id = $1 and user_id = $2",
        shop.workspace,
        user,
    )
    return None if row is None else row["role"]


class TestBeginning:
    async def test_whoever_begins_one_owns_it(self, owner: Database, api: Database) -> None:
        """A signed-in user begins a workspace, is its owner, and sees it."""
        user = await sign_up(owner, "ana@example.com")

        async with acting_as(api, user) as tx:
            created = await tx.fetchrow("select private.create_workspace('Shop') as id")
            seen = await tx.fetch("select workspace_id, role::text from public.memberships")

        assert created is not None
        assert [(created["id"], "owner")] == [(row["workspace_id"], row["role"]) for row in seen]

    async def test_nobody_else(self, owner: Database, api: Database, shop: Shop) -> None:
        """Neither somebody without a name, nor a user who is gone, nor a key begins one."""
        anonymous = await sign_up(owner, "no@example.com")
        await owner.execute("update auth.users set is_anonymous = true where id = $1", anonymous)
        key = await _make_key(owner, shop, "admin", _hash("k"))

        for caller in (acting_as(api, anonymous), acting_as(api, key), acting_by_key(api, key)):
            with pytest.raises(QueryFailed, match="only a signed-in user"):
                async with caller as tx:
                    await tx.execute("select private.create_workspace('Shop')")


async def _invite(
    tx: Transaction,
    shop: Shop,
    by: UUID,
    *,
    role: Role = "editor",
    email: str = "ben@example.com",
    expires_at: datetime | None = None,
) -> str:
    """Invite somebody and return what the e-mail's link carries."""
    token = secrets.token_urlsafe()
    await tx.execute(
        """insert into public.invitations
             (workspace_id, email, role, token_hash, invited_by, expires_at)
           values ($1, $2, $3, $4, $5, coalesce($6, now() + interval '1 day'))""",
        shop.workspace,
        email,
        role,
        _hash(token),
        by,
        expires_at,
    )
    return token


async def _accept(api: Database, user: UUID, token: str) -> None:
    async with acting_as(api, user) as tx:
        await tx.execute("select private.accept_invitation($1)", _hash(token))


class TestInvitations:
    async def test_accepting(self, owner: Database, api: Database, shop: Shop) -> None:
        """Whoever has the link and the address becomes what they were invited as, once."""
        boss, ben = await hire(owner, shop, "admin"), await sign_up(owner, "Ben@Example.com")
        async with acting_as(api, boss) as tx:
            token = await _invite(tx, shop, boss)

        await _accept(api, ben, token)

        assert await _role_of(owner, shop, ben) == "editor"
        with pytest.raises(QueryFailed, match="no such invitation"):
            await _accept(api, ben, token)

    @pytest.mark.parametrize(
        ("email", "confirmed"), [("eve@example.com", True), ("ben@example.com", False)]
    )
    async def test_the_wrong_person(
        self, owner: Database, api: Database, shop: Shop, email: str, *, confirmed: bool
    ) -> None:
        """A link that was passed on, or an address that nobody confirmed, opens nothing."""
        boss, eve = (
            await hire(owner, shop, "owner"),
            await sign_up(owner, email, confirmed=confirmed),
        )
        async with acting_as(api, boss) as tx:
            token = await _invite(tx, shop, boss)

        with pytest.raises(QueryFailed, match="another e-mail address"):
            await _accept(api, eve, token)

        assert await _role_of(owner, shop, eve) is None

    async def test_too_late(self, owner: Database, api: Database, shop: Shop) -> None:
        """An invitation ends by its time, by being taken back, or with its author's own role."""
        boss, ben = await hire(owner, shop, "owner"), await sign_up(owner, "ben@example.com")
        gone = await hire(owner, shop, "admin")
        async with acting_as(api, gone) as tx:
            from_gone = await _invite(tx, shop, gone, email="ben@example.com")
        await owner.execute("delete from public.memberships where user_id = $1", gone)
        with pytest.raises(QueryFailed, match="no longer holds"):
            await _accept(api, ben, from_gone)

        async with acting_as(api, boss) as tx:
            assert await tx.execute("delete from public.invitations") == "DELETE 1"
            late = await _invite(tx, shop, boss)
        await owner.execute(
            "update public.invitations set created_at = now() - interval '2 d',"
            " expires_at = now() - interval '1 s'"
        )

        for token in (from_gone, late):
            with pytest.raises(QueryFailed, match="no such invitation"):
                await _accept(api, ben, token)
        assert await _role_of(owner, shop, ben) is None

    async def test_nobody_is_made_less(self, owner: Database, api: Database, shop: Shop) -> None:
        """An old invitation does not take away what somebody has become since."""
        boss, ben = await hire(owner, shop, "owner"), await sign_up(owner, "ben@example.com")
        async with acting_as(api, boss) as tx:
            token = await _invite(tx, shop, boss, role="viewer")
        await owner.execute(
            "insert into public.memberships (workspace_id, user_id, role) values ($1, $2, 'admin')",
            shop.workspace,
            ben,
        )

        await _accept(api, ben, token)

        assert await _role_of(owner, shop, ben) == "admin"

    async def test_an_admin_makes_no_owner(
        self, owner: Database, api: Database, shop: Shop
    ) -> None:
        """What one may not give, one may not invite to; nor in somebody else's name."""
        admin, boss = await hire(owner, shop, "admin"), await hire(owner, shop, "owner")

        for role, by in (("owner", admin), ("viewer", boss)):
            with pytest.raises(QueryFailed, match="row-level security"):
                async with acting_as(api, admin) as tx:
                    await _invite(tx, shop, by, role=role)  # type: ignore[arg-type]  # a Role

    async def test_who_was_an_owner(self, owner: Database, api: Database, shop: Shop) -> None:
        """An owner who has become an admin since makes no owner by an older invitation."""
        boss, ben = await hire(owner, shop, "owner"), await sign_up(owner, "ben@example.com")
        await hire(owner, shop, "owner")
        async with acting_as(api, boss) as tx:
            token = await _invite(tx, shop, boss, role="owner")
        await owner.execute("update public.memberships set role='admin' where user_id=$1", boss)

        with pytest.raises(QueryFailed, match="no longer holds"):
            await _accept(api, ben, token)


async def _make_key(
    db: Database | Transaction,
    shop: Shop,
    role: Role,
    key_hash: bytes,
    *,
    by: UUID | None = None,
) -> UUID:
    row = await db.fetchrow(
        """insert into public.api_keys (workspace_id, name, prefix, key_hash, role, created_by)
           values ($1, 'till', 'sb_1234', $2, $3, coalesce($4, gen_random_uuid())) returning id""",
        shop.workspace,
        key_hash,
        role,
        by,
    )
    assert row is not None
    key: UUID = row["id"]
    return key


class TestKeys:
    async def test_found_by_its_hash(self, owner: Database, api: Database, shop: Shop) -> None:
        """The API learns whose a key is, and when it was used is noted once a minute."""
        key = await _make_key(owner, shop, "editor", _hash("secret"))

        (found,) = await api.fetch("select * from private.use_api_key($1)", _hash("secret"))
        first = await owner.fetch("select last_used_at from public.api_keys")
        await api.fetch("select * from private.use_api_key($1)", _hash("secret"))
        again = await owner.fetch("select last_used_at from public.api_keys")

        assert (key, shop.workspace, "editor") == (
            found["id"],
            found["workspace_id"],
            found["role"],
        )
        assert first[0]["last_used_at"] is not None
        assert first == again
        assert [] == await api.fetch("select * from private.use_api_key($1)", _hash("other"))

    async def test_what_a_key_may(self, owner: Database, api: Database, shop: Shop) -> None:
        """A key does in its workspace what its role may, and publishes in its own name."""
        viewer = await _make_key(owner, shop, "viewer", _hash("v"))
        editor = await _make_key(owner, shop, "editor", _hash("e"))

        async with acting_by_key(api, viewer) as tx:
            assert len(await tx.fetch("select id from public.campaigns")) == 1
            assert await tx.execute("update public.campaigns set name = 'x'") == "UPDATE 0"
            assert [] == await tx.fetch("select id from public.api_keys")
        async with acting_by_key(api, editor) as tx:
            tag = await tx.execute(
                """insert into public.campaign_versions
                     (workspace_id, campaign_id, version, definition, published_by)
                   values ($1, $2, 2, '{}', $3)""",
                shop.workspace,
                shop.campaign,
                editor,
            )
        assert tag == "INSERT 0 1"

    @pytest.mark.parametrize(
        "end", ["revoked_at = now()", "created_at = '2026-01-01', expires_at = '2026-01-02'"]
    )
    async def test_a_key_that_is_over(
        self, owner: Database, api: Database, shop: Shop, end: str
    ) -> None:
        """A key that was revoked or ran out is nobody's, at once, and stays so."""
        key = await _make_key(owner, shop, "admin", _hash("secret"))
        await owner.execute(f"update public.api_keys set {end}")

        assert [] == await api.fetch("select * from private.use_api_key($1)", _hash("secret"))
        async with acting_by_key(api, key) as tx:
            assert [] == await tx.fetch("select id from public.workspaces")

    async def test_revoked_for_ever(self, owner: Database, shop: Shop) -> None:
        """Not even the schema's owner brings a revoked key back."""
        await _make_key(owner, shop, "admin", _hash("secret"))
        await owner.execute("update public.api_keys set revoked_at = now()")

        with pytest.raises(QueryFailed, match="revoked for ever"):
            await owner.execute("update public.api_keys set revoked_at = null")

    async def test_a_key_makes_no_key(self, owner: Database, api: Database, shop: Shop) -> None:
        """Only a user who is an admin makes keys, in their own name, and none that owns."""
        admin = await hire(owner, shop, "admin")
        key = await _make_key(owner, shop, "admin", _hash("first"))
        async with acting_as(api, admin) as tx:
            await _make_key(tx, shop, "admin", _hash("second"), by=admin)

        with pytest.raises(QueryFailed, match="row-level security"):
            async with acting_by_key(api, key) as tx:
                await _make_key(tx, shop, "viewer", _hash("third"), by=key)
        with pytest.raises(QueryFailed, match="check constraint"):
            async with acting_as(api, admin) as tx:
                await _make_key(tx, shop, "owner", _hash("fourth"), by=admin)


class TestLogins:
    async def _begin(self, api: Database, user: UUID, shop: Shop, state: str) -> None:
        async with acting_as(api, user) as tx:
            await tx.execute(
                """insert into private.login_states (state_hash, workspace_id, user_id)
                   values ($1, $2, $3)""",
                _hash(state),
                shop.workspace,
                user,
            )

    async def test_once(self, owner: Database, api: Database, shop: Shop) -> None:
        """What Instagram sends back leads to who began it, and a second time to nobody."""
        admin = await hire(owner, shop, "admin")
        await self._begin(api, admin, shop, "state")

        (found,) = await api.fetch("select * from private.use_login_state($1)", _hash("state"))

        assert (shop.workspace, admin, None) == tuple(found[name] for name in _LOGIN)
        assert [] == await api.fetch("select * from private.use_login_state($1)", _hash("state"))

    async def test_when_it_no_longer_holds(
        self, owner: Database, api: Database, shop: Shop
    ) -> None:
        """Neither one that is too old, nor one of somebody who is no admin any more."""
        admin, other = await hire(owner, shop, "admin"), await hire(owner, shop, "admin")
        await self._begin(api, admin, shop, "old")
        await self._begin(api, other, shop, "less")
        past = now() - timedelta(hours=2)
        await owner.execute(
            "update private.login_states set created_at = $1, expires_at = $2 where user_id = $3",
            past,
            past + timedelta(minutes=10),
            admin,
        )
        await owner.execute("update public.memberships set role='editor' where user_id=$1", other)

        for state in ("old", "less"):
            assert [] == await api.fetch("select * from private.use_login_state($1)", _hash(state))

    async def test_an_editor_connects_nothing(
        self, owner: Database, api: Database, shop: Shop
    ) -> None:
        """Who may not connect accounts cannot begin to, nor can anybody in another's name."""
        editor, admin = await hire(owner, shop, "editor"), await hire(owner, shop, "admin")

        with pytest.raises(QueryFailed, match="row-level security"):
            await self._begin(api, editor, shop, "state")
        with pytest.raises(QueryFailed, match="row-level security"):
            async with acting_as(api, admin) as tx:
                await tx.execute(
                    """insert into private.login_states (state_hash, workspace_id, user_id)
                       values ($1, $2, $3)""",
                    _hash("state"),
                    shop.workspace,
                    editor,
                )


_LOGIN = ("workspace_id", "user_id", "account_id")
