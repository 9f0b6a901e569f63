"""Words of PostgreSQL that the check of a statement knows."""

from __future__ import annotations

_RESERVED = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema
    current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for
    foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral
    leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps
    placing primary references returning right select session_user similar some symmetric table tablesample then to
    trailing true union unique user using variadic verbose when where window with
"""
RESERVED = frozenset(_RESERVED.split())
"""Words that cannot be the name of a column without quotes."""

_BEFORE_PARENTHESIS = """
    all and any array as asc between bit by case cast char character cross cube dec decimal desc distinct else end
    except exists filter float from full group grouping having ilike in inner intersect interval is isnull join
    lateral left like limit materialized natural not notnull nulls numeric offset on or order ordinality outer over
    partition range recursive return returning right rollup row rows select sets similar some then time timestamp
    timestamptz union using values varchar varying when where window with within
"""
BEFORE_PARENTHESIS = frozenset(_BEFORE_PARENTHESIS.split())
"""Words that stand before a parenthesis and call no function."""

_SYSTEM_NAMES = """
    aclitem information_schema regclass regcollation regconfig regdictionary regnamespace regoper regoperator regproc
    regprocedure regrole regtype xml xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
    xmlroot xmlserialize xmltable
"""
SYSTEM_NAMES = frozenset(_SYSTEM_NAMES.split())
"""Names of tables and types that reveal facts about others, beside those that begin with `pg_`."""

_SYSTEM_WORDS = "current_catalog current_role current_schema current_user session_user system_user user"
SYSTEM_WORDS = frozenset(_SYSTEM_WORDS.split())
"""Words that reveal the login."""

BEFORE_NORMALIZED = frozenset(("is", "not", "nfc", "nfd", "nfkc", "nfkd"))
"""Words before NORMALIZED, which is the test of a text that does what the function `normalize` does."""
