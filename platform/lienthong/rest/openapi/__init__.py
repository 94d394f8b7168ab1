"""The OpenAPI 3.1 document: declared endpoints by FastAPI, the rows of each dataset from its contract."""

from lienthong.rest.openapi.whole import document, of_dataset

__all__ = ["document", "of_dataset"]
