"""Federation: open releases pushed to another CKAN; catalogues of others taken into the hosted catalogue."""
