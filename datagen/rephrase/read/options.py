"""How the rows of an input are understood: the recipe's section `[source]`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SourceOptions(BaseModel):
    """Names of the fields that are read; every other field is carried along as `source`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    text_field: str = Field(default="text", min_length=1)
    """Field (column) that holds the document's text."""
    id_field: str = "id"
    """Field that holds the document's id; "" or a missing value: a hash of the text."""
    kind_field: str = "kind"
    """Field that says `knowledge` or `math`; "": no such field."""
    kind: Literal["knowledge", "math", "auto"] = "knowledge"
    """Kind of a document that doesn't say; `auto`: math if its text is dense in formulas."""
