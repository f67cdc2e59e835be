"""Verbs for keys: ``augury keys create|list|rotate|revoke``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from augury.records.accounts.api_keys import ApiKey
    from augury.records.store import Store

app = typer.Typer(
    help="Make, list, rotate and revoke API keys.",
    epilog="Example: augury keys create --name laptop --scope read",
    no_args_is_help=True,
    rich_markup_mode=None,
)

OfTenant = Annotated[str, typer.Option("--tenant", help="Name or id of the tenant.")]
KeyId = Annotated[str, typer.Argument(help="Its id, as `augury keys list` shows it.")]


@app.command(epilog="Example: augury keys create --name laptop --scope read --scope predict")
def create(
    name: Annotated[str, typer.Option(help="What you call it.")],
    scope: Annotated[list[str] | None, typer.Option(help="read, predict, train, admin; repeat. Default: read.")] = None,
    tenant: OfTenant = "home",
    user: Annotated[str | None, typer.Option(help="Whose it is: it ends with them, and may no more.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="After which it ends.")] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="aug_test_…: reads and predicts, writes nothing.")] = False,
) -> None:
    """Make a key and print it once: only its hash is kept."""
    from augury.core.errors import NotFound
    from augury.service.accounts.caller import ROLE_SCOPES
    from augury.service.accounts.issuing import issue

    with SESSION.workspace() as workspace:
        people, allowed, user_id = workspace.store.people, frozenset(ROLE_SCOPES["admin"]), None
        of = people.tenant(tenant)
        if user is not None:
            owner = people.named(user)
            if owner is None or owner.tenant_id != of.id:
                raise NotFound(f"no user {user} in tenant {of.name}", fix="augury users list")
            allowed, user_id = ROLE_SCOPES[owner.role], owner.id
        key, made = issue(
            workspace.store, tenant_id=of.id, user_id=user_id, name=name, scopes=scope or ["read"], allowed=allowed,
            days=days, sandbox=sandbox,
        )  # fmt: skip
        _written(workspace.store, "made a key", made)
    _once(key, made)


@app.command("list", epilog="Example: augury keys list")
def list_(
    tenant: OfTenant = "home",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the keys of a tenant by their hints."""
    with SESSION.workspace() as workspace:
        of = workspace.store.people.tenant(tenant)
        found = workspace.store.api_keys.list(of.id)
        now = workspace.clock.now()
    rows = [
        {"id": key.id, "name": key.name, "hint": f"{key.hint}…", "scopes": list(key.scopes),
         "created_at": key.created_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at,
         "opens": not any(end and end <= now for end in (key.expires_at, key.revoked_at))}
        for key in found
    ]  # fmt: skip
    show(rows, as_json=as_json, empty=f"no keys in {of.name} yet -> run: augury keys create --name laptop")


@app.command(epilog="Example: augury keys rotate 5f0c1a7be7a84f10a3f5a4bb3f0d9a11 --overlap 24")
def rotate(
    key_id: KeyId,
    overlap: Annotated[int, typer.Option(min=0, max=168, help="Hours the old key goes on.")] = 24,
    tenant: OfTenant = "home",
) -> None:
    """Make a key in the place of another and print it once."""
    from augury.service.accounts.issuing import reissue

    with SESSION.workspace() as workspace:
        of = workspace.store.people.tenant(tenant)
        key, made = reissue(workspace.store, key_id, of.id, timedelta(hours=overlap))
        _written(workspace.store, "rotated a key", workspace.store.api_keys.get(key_id, of.id))
    _once(key, made)
    SESSION.say(f"{key_id} goes on for {overlap} h -> run: augury keys revoke {key_id}")


@app.command(epilog="Example: augury keys revoke 5f0c1a7be7a84f10a3f5a4bb3f0d9a11")
def revoke(key_id: KeyId, tenant: OfTenant = "home") -> None:
    """End a key: within a second it opens nothing."""
    with SESSION.workspace() as workspace:
        of = workspace.store.people.tenant(tenant)
        ended = workspace.store.api_keys.revoke(key_id, of.id)
        _written(workspace.store, "revoked a key", ended)
    SESSION.say(f"{ended.hint}… ({ended.name}) opens nothing any more")


def _written(store: Store, action: str, key: ApiKey) -> None:
    data = {"name": key.name, "hint": key.hint, "scopes": list(key.scopes)}
    store.audit_trail.add(key.tenant_id, "cli", action, key.id, data=data)


def _once(key: str, made: ApiKey) -> None:
    # The key is data: it goes to stdout, so that it can be piped into a place that keeps secrets.
    typer.echo(key)
    SESSION.say(f"this is the only time it is shown; {made.hint}… is key {made.id} ({' '.join(made.scopes)})")
