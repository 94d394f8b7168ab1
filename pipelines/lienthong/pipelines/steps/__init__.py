"""The steps of a run, one file each: deliver, land, conform, stage, gate. Merging is SQL in `lienthong.store.merge`."""
