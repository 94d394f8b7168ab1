"""What CKAN 2.12 costs: CPU milliseconds a request, measured once on a machine of this kind.

Source: CKAN 2.12.0 by its documented ckan-uwsgi.ini, PostgreSQL 15 with 512 MB of shared buffers, 2 shared vCPU, wrk; a
table of 1,000,000 rows of 8 columns in its DataStore; medians of all runs. Its Solr was a stand-in over 34 datasets
whose CPU is not counted. Rates are those of its quietest run, one process, 4 connections.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """CPU milliseconds a request of CKAN and of PostgreSQL; requests a second."""

    server_ms: float
    postgres_ms: float
    rate: float


REQUESTS = {
    "status": Known(4, 0, 294.1),
    "search": Known(13, 5, 60.2),
    "filter": Known(15, 8, 43.7),
    "offset": Known(14, 309, 3.2),
    "keyset": Known(14, 5, 53.0),
    "q": Known(16, 616, 1.8),
    "sql": Known(15, 4, 59.5),
    "sql group": Known(15, 570, 2.7),
    "package_show": Known(13, 2, 73.7),
    "package_search": Known(11, 1, 52.5),
    "package_search all": Known(11, 1, 71.8),
    "organization_list": Known(21, 4, 25.9),
}


@dataclass(frozen=True)
class Bulk:
    """Rows a second; CPU milliseconds a row, CKAN and PostgreSQL together."""

    rate: float
    cpu_ms: float


UPSERTS = {
    "insert, chunks of 1,000": Bulk(1695, 0.36),
    "insert, chunks of 5,000": Bulk(1689, 0.36),
    "upsert of new rows, chunks of 1,000": Bulk(719, 0.71),
    "upsert of known rows, chunks of 1,000": Bulk(679, 0.71),
}
