"""What tests of the service have; the same as those of the web."""

from site_fixtures import (  # noqa: F401 - fixtures, found by their names
    _cheap_passwords,
    backend,
    client,
    empty_workspace,
    keys,
    signed_in,
    workspace,
)
