"""API clients: authentication, envelope, errors, paging. Each usable as a library."""
