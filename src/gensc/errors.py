"""The one exception that means: the input is wrong, and here is what to do about it."""


class InputError(ValueError):
    """Wrong input from outside (a file, an option, a number). The command line exits with code 2.

    The message says what was given, what was expected and what to do next.
    """
