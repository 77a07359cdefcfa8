"""One registry for every kind of part: codec, transport, channel, task, head, backbone, data source.

A part joins by a decorator in a file of its own below ``gensc/<kind>/``; one from another package joins
by an entry point of group ``gensc`` that names the module to import.
"""

import difflib
import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeVar

from gensc.errors import InputError

HOMES = {
    "data": "gensc.data",
    "backbone": "gensc.zoo",
    "codec": "gensc.codec",
    "channel": "gensc.channel",
    "transport": "gensc.transport",
    "head": "gensc.task",
    "task": "gensc.task",
}
_PARTS: dict[str, dict[str, Callable[..., Any]]] = {kind: {} for kind in HOMES}
_Made = TypeVar("_Made", bound=Callable[..., Any])


def register(kind: str, name: str) -> Callable[[_Made], _Made]:
    """Class (or factory) decorator: ``create(kind, name, ...)`` calls it with its named options."""
    if kind not in HOMES:
        raise ValueError(f"register: no kind {kind!r}; the kinds are {', '.join(HOMES)}")

    def keep(made: _Made) -> _Made:
        known = _PARTS[kind].get(name)
        if known is not None and (known.__module__, known.__qualname__) != (made.__module__, made.__qualname__):
            raise ValueError(f"register: {kind} {name!r} is taken by {known.__module__}.{known.__qualname__}")
        _PARTS[kind][name] = made
        return made

    return keep


@cache
def _discover(kind: str) -> None:
    home = importlib.import_module(HOMES[kind])
    for module in pkgutil.iter_modules(home.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{HOMES[kind]}.{module.name}")
    for point in entry_points(group="gensc"):
        try:
            point.load()
        except Exception as error:
            raise InputError(f"the package {point.dist.name if point.dist else '?'} brings a part for gensc, "
                             f"{point.value}, that can't be imported ({error!r}): mend or remove it") from error


def names(kind: str) -> list[str]:
    """The registered names of a kind, sorted."""
    if kind not in HOMES:
        raise InputError(f"there is no kind of part {kind!r}{nearest(kind, HOMES)}; "
                         f"the kinds are {', '.join(HOMES)}")
    _discover(kind)
    return sorted(_PARTS[kind])


def lookup(kind: str, name: str) -> Callable[..., Any]:
    """The class or factory behind a name. Raises InputError with the nearest right name."""
    known = names(kind)
    if name not in known:
        raise InputError(f"there is no {kind} {name!r}{nearest(name, known)}; "
                         f"known: {', '.join(known)} (see: gensc list {kind})")
    return _PARTS[kind][name]


def create(kind: str, name: str, /, **options: Any) -> Any:
    """Make a part from its options, each checked by name and type against the constructor."""
    made = lookup(kind, name)
    return made(**checked(f"{kind} {name!r}", options_of(made), options))


def options_of(made: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Option name -> (type, default; inspect.Parameter.empty where it must be given)."""
    hints = typing.get_type_hints(made.__init__ if inspect.isclass(made) else made)
    return {
        name: (hints.get(name, Any), parameter.default)
        for name, parameter in inspect.signature(made).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }


def checked(owner: str, known: Mapping[str, tuple[Any, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` after a check of every name and type; ints become floats and lists tuples where asked.

    Raises InputError that names the nearest right key.
    """
    for name in given:
        if name not in known:
            raise InputError(f"{owner} has no option {name!r}{nearest(name, known)}; "
                             f"its options are {', '.join(known) or 'none'}")
    for name, (_, default) in known.items():
        if default is inspect.Parameter.empty and name not in given:
            raise InputError(f"{owner} needs the option {name!r}; its options are {', '.join(known)}")
    return {name: fitted(f"{owner}: {name}", known[name][0], value) for name, value in given.items()}


def fitted(where: str, wanted: Any, value: Any) -> Any:
    """``value`` as type ``wanted`` (plain classes, Literal, unions, tuple[X, ...]), or InputError."""
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is Any or (isinstance(wanted, type) and isinstance(value, wanted) and origin is None
                         and not (isinstance(value, bool) and wanted is not bool)):
        return value
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if origin is typing.Literal:
        if value in inner:
            return value
        raise InputError(f"{where} is {value!r}{nearest(value, inner)}: "
                         f"expected one of {', '.join(map(repr, inner))}")
    if origin in (typing.Union, types.UnionType):
        for option in inner:
            try:
                return fitted(where, option, value)
            except InputError:
                continue
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(fitted(f"{where}[{i}]", inner[0], one) for i, one in enumerate(value))
    if origin in (dict, Mapping) and isinstance(value, Mapping):
        return dict(value)
    raise InputError(f"{where} is {value!r} ({type(value).__name__}): expected {shown(wanted)}")


def shown(wanted: Any) -> str:
    """A type as a reader would write it."""
    return wanted.__name__ if isinstance(wanted, type) and not typing.get_args(wanted) else str(wanted)


def nearest(name: Any, known: typing.Iterable[Any]) -> str:
    """' (did you mean ...?)' with the closest of the known names, or nothing."""
    close = difflib.get_close_matches(str(name), [str(one) for one in known], n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
