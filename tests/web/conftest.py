"""What tests of the web have: the site of the service's tests, and a browser."""

from browsing import (  # noqa: F401 - fixtures, found by their names
    _short_logs,
    browser,
    driver,
    empty_site,
    live_site,
    page_as,
    screens,
    site_url,
    watch,
)
from site_fixtures import (  # noqa: F401 - fixtures, found by their names
    _cheap_passwords,
    backend,
    client,
    empty_workspace,
    keys,
    signed_in,
    workspace,
)
