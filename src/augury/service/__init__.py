"""service: the HTTP API. Contains no query and no formula."""
