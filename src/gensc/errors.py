"""The exceptions that a user gets to see, each one clear sentence."""


class InputError(ValueError):
    """Wrong input from outside (a file, an option, a number). The command line exits with code 2.

    The message says what was given, what was expected and what to do next.
    """


class RunLost(RuntimeError):
    """A run that can't go on for a reason outside its input. The command line exits with code 1."""
