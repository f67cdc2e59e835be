"""Verbs for people: ``augury users add|list|disable|enable|role|password|invite|tenants|tenant-add``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION
from augury.core.errors import NotFound, UsageError
from augury.core.extras import require

if TYPE_CHECKING:
    from augury.records.accounts.people import User
    from augury.records.store import Store

app = typer.Typer(
    help="People, their roles, and tenants.",
    epilog="Example: augury users invite --role trader",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="What they sign in with.")]
Role = Annotated[str, typer.Option(help="reader, trader or admin.")]
OfTenant = Annotated[str, typer.Option("--tenant", help="Name or id of the tenant.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin instead of asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command(epilog="Example: augury users add ada --role admin")
def add(name: Name, role: Role = "reader", tenant: OfTenant = "home", password_stdin: FromStdin = False) -> None:
    """Make an account; the password is asked for, never an argument."""
    require("argon2", extra="serve")
    from augury.service.accounts.passwords import hash_password

    with SESSION.workspace() as workspace:
        of = workspace.store.people.tenant(tenant)
        made = workspace.store.people.add_user(name, hash_password(_password(password_stdin)), role, of.id)
        _written(workspace.store, "made a user", made, {"role": role})
    SESSION.say(f"{made.name} is {made.role} in {of.name}")


@app.command("list", epilog="Example: augury users list")
def list_(
    tenant: Annotated[str | None, typer.Option(help="Name or id of a tenant; default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """List people."""
    with SESSION.workspace() as workspace:
        people = workspace.store.people
        tenants = {one.id: one.name for one in people.tenants()}
        found = people.users(None if tenant is None else people.tenant(tenant).id)
    rows = [
        {"name": user.name, "role": user.role, "tenant": tenants[user.tenant_id], "created_at": user.created_at,
         "disabled_at": user.disabled_at, "id": user.id}
        for user in found
    ]  # fmt: skip
    show(rows, as_json=as_json, empty="nobody yet -> run: augury users add NAME --role admin")


@app.command(epilog="Example: augury users disable ada")
def disable(name: Name) -> None:
    """Sign somebody out everywhere within a second; their keys open nothing."""
    with SESSION.workspace() as workspace:
        user = _named(workspace.store, name)
        workspace.store.people.change(user.id, disabled_at=workspace.clock.now())
        _written(workspace.store, "changed a user", user, {"disabled": True})
    SESSION.say(f"{user.name} is disabled -> run: augury users enable {user.name}")


@app.command(epilog="Example: augury users enable ada")
def enable(name: Name) -> None:
    """Let somebody in again."""
    with SESSION.workspace() as workspace:
        user = _named(workspace.store, name)
        workspace.store.people.change(user.id, disabled_at=None)
        _written(workspace.store, "changed a user", user, {"disabled": False})
    SESSION.say(f"{user.name} may sign in again")


@app.command(epilog="Example: augury users role ada trader")
def role(name: Name, role: Annotated[str, typer.Argument(help="reader, trader or admin.")]) -> None:
    """Change what somebody may; their keys never may more."""
    with SESSION.workspace() as workspace:
        user = workspace.store.people.change(_named(workspace.store, name).id, role=role)
        _written(workspace.store, "changed a user", user, {"role": role})
    SESSION.say(f"{user.name} is {user.role}")


@app.command(epilog="Example: augury users password ada")
def password(name: Name, password_stdin: FromStdin = False) -> None:
    """Set a new password; whoever is signed in with the old one is out."""
    require("argon2", extra="serve")
    from augury.service.accounts.passwords import hash_password

    with SESSION.workspace() as workspace:
        user = _named(workspace.store, name)
        workspace.store.people.change(user.id, password_hash=hash_password(_password(password_stdin)))
        _written(workspace.store, "changed the password", user, {})
    SESSION.say(f"{user.name} has a new password and is signed out")


@app.command(epilog="Example: augury users invite --role reader")
def invite(role: Role = "reader", tenant: OfTenant = "home") -> None:
    """Print a one-time code that makes an account within a day; add it to the address of the service."""
    with SESSION.workspace() as workspace:
        of = workspace.store.people.tenant(tenant)
        code = workspace.store.people.invite(of.id, role)
        workspace.store.audit_trail.add(of.id, "cli", "invited", role)
    typer.echo(f"/welcome?code={code}")
    SESSION.say(f"whoever opens this becomes {role} in {of.name}: once, within a day")


@app.command(epilog="Example: augury users tenants")
def tenants(as_json: AsJson = False) -> None:
    """List tenants and their plans."""
    with SESSION.workspace() as workspace:
        found = workspace.store.people.tenants()
    show([{"name": one.name, "plan": one.plan, "created_at": one.created_at, "id": one.id} for one in found],
         as_json=as_json)  # fmt: skip


@app.command("tenant-add", epilog="Example: augury users tenant-add smiths --plan free")
def tenant_add(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    plan: Annotated[str, typer.Option(help="free, pro or partner.")] = "free",
) -> None:
    """Make a tenant: what it owns, nobody outside it sees."""
    with SESSION.workspace() as workspace:
        made = workspace.store.people.add_tenant(name, plan)
        workspace.store.audit_trail.add(made.id, "cli", "made a tenant", made.name, data={"plan": plan})
    SESSION.say(f"{made.name} ({made.plan}) -> run: augury users invite --tenant {made.name} --role admin")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to type a password", fix="add --password-stdin and pipe it in")
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True))


def _named(store: Store, name: str) -> User:
    user = store.people.named(name)
    if user is None:
        raise NotFound(f"no user {name}", fix="augury users list")
    return user


def _written(store: Store, action: str, user: User, data: dict[str, Any]) -> None:
    from augury.records.accounts.audit_trail import person

    store.audit_trail.add(user.tenant_id, "cli", action, person(user.id), data=data)
