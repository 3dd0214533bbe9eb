"""Changes of the Rejoin wire protocol: docs/wire.md, test vectors in docs/wire/deltas.json."""

import copy


class Unfit(Exception):
    """A change does not fit the value."""


def apply(target, change):
    """Applies a change in place."""
    try:
        for first in change.get('#', []):
            if not isinstance(target, list):
                target.pop(first, None)
                continue
            at, remove, *values = first
            if not 0 <= at <= at + remove <= len(target):
                raise Unfit(f'splice at {at}')
            target[at : at + remove] = copy.deepcopy(values)
        for name, inner in change.items():
            if name == '#':
                continue
            key = name[1:] if name.startswith('#') else name
            key = int(key) if isinstance(target, list) else key
            if isinstance(inner, dict):
                apply(target[key], inner)
            elif isinstance(inner, list) and not inner:
                target.pop(key, None)
            else:
                target[key] = copy.deepcopy(inner[0]) if isinstance(inner, list) else inner
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Unfit(repr(error)) from error
