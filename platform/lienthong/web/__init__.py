"""What the JSON surfaces share: strict parameters, the language of an answer, problems by RFC 9457."""
