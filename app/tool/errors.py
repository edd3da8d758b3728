"""What a tool says to the model when it cannot give a result."""


class ToolError(Exception):
    """Raised by a tool; its text goes to the model, so write it as advice to the model.

    ``raise ToolError("No forecast for Atlantis; ask the caller for a nearby city.")``
    """


class ToolArgumentError(ToolError):
    """The model's arguments do not fit the tool; the text asks it to call again.

    Attributes:
        problems: One short sentence for each thing that is wrong, at most eight.
    """

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message)
        self.problems = problems


class UnencodableResult(ToolError):
    """A tool returned what JSON cannot hold; the text to the model is neutral.

    Attributes:
        reason: What was wrong and what to return instead, for the author's log.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
