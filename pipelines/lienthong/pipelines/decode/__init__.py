"""Which encoding a Vietnamese text came in, and how it becomes Unicode NFC.

`codepages` holds the legacy encodings, `detect` finds the one that was used (also when a file holds two),
`transcode` turns a file into UTF-8, `mojibake` undoes UTF-8 that was read as Windows-1252, `fonts` decodes
the cells of spreadsheets.
"""
