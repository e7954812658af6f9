# Takes the place of rfc3987_syntax/__init__.py: its grammars are compiled when first used, not when imported.
# SPDX-License-Identifier: BSD-3-Clause
"""The package compiles forty grammars at import (0.72 s of JupyterLab's 1.15 s, measured with -X importtime), which
jupyter_events pulls in by way of jsonschema, and which a session needs only to validate an international address."""


def is_valid_syntax(term, value):
    from rfc3987_syntax.syntax_helpers import is_valid_syntax as check

    return check(term, value)


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    from rfc3987_syntax import syntax_helpers

    return getattr(syntax_helpers, name)
