"""The catalogue in the words of others, a file each (DCAT-AP, schema.org, Croissant, data.json, SKOS, CPSV-AP)."""
