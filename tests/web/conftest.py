"""What tests of the web have: the site of the service's tests."""

from site_fixtures import (  # noqa: F401 - fixtures, found by their names
    _cheap_passwords,
    backend,
    client,
    empty_workspace,
    keys,
    signed_in,
    workspace,
)
