"""Functions of PostgreSQL that a statement may call: they only compute from their arguments.

`normalize` is not among them: for some texts its time is quadratic, and no timeout ends it.
"""

from __future__ import annotations

_ALLOWED = """
    abs acos acosh age any_value array_agg array_append array_cat array_length array_lower array_ndims array_position
    array_positions array_prepend array_remove array_replace array_to_json array_to_string array_upper ascii asin asinh
    atan atan2 atanh avg bit_and bit_length bit_or bool_and bool_or btrim cardinality cbrt ceil ceiling char_length
    character_length chr clock_timestamp coalesce concat concat_ws corr cos cosh cot count covar_pop covar_samp
    cume_dist date date_bin date_part date_trunc degrees dense_rank div every exp extract factorial first_value floor
    format gcd generate_series generate_subscripts greatest initcap isfinite json_agg json_array_elements
    json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text
    json_extract_path json_extract_path_text json_object json_object_agg json_object_keys json_populate_record
    json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
    jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys
    jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty
    jsonb_set jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days justify_hours
    justify_interval lag last_value lcm lead least left length ln localtime localtimestamp log log10 lower lpad ltrim
    make_date make_interval make_time make_timestamp make_timestamptz max md5 min mod mode now nth_value
    ntile nullif octet_length overlay percent_rank percentile_cont percentile_disc pi plainto_tsquery position pow
    power quote_literal radians random rank regexp_count regexp_instr regexp_like regexp_match regexp_matches
    regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count
    regr_intercept regr_r2 regr_slope replace reverse right round row row_number row_to_json rpad rtrim sha256 sign sin
    sinh split_part sqrt starts_with stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strpos
    substr substring sum tan tanh timezone to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery
    to_tsvector translate treat trim trim_array trim_scale trunc ts_headline ts_rank unnest upper var_pop var_samp
    variance websearch_to_tsquery width_bucket
"""
ALLOWED = frozenset(_ALLOWED.split())

_INSTEAD = {
    "char": "chr(10)",
    "datetime": "x::timestamptz",
    "group_concat": "string_agg(x::text, ', ')",
    "glob": "x LIKE 'a%'",
    "ifnull": "coalesce(x, 0)",
    "iif": "CASE WHEN x THEN 1 ELSE 0 END",
    "instr": "strpos(x, 'a')",
    "json_extract": "(x::json) ->> 'key', or (x::json) -> 0 for an element",
    "json_group_array": "json_agg(x)",
    "json_group_object": "json_object_agg(name, x)",
    "json_type": "json_typeof(x::json)",
    "json_valid": "CASE WHEN x LIKE '{%' THEN x::json ->> 'key' END",
    "julianday": "extract(epoch FROM x::timestamptz - y::timestamptz) / 86400, which counts days",
    "likely": "the condition itself",
    "printf": "to_char(x, 'FM999990.00'), or format('%s', x)",
    "repeat": "lpad('', 5, 'x')",
    "strftime": "to_char(x::timestamptz, 'YYYY-MM'), or substr(x, 1, 7) for the month as it is written",
    "timediff": "x::timestamptz - y::timestamptz",
    "total": "coalesce(sum(x), 0)",
    "typeof": "the types of the columns: SELECT name, columns FROM data_sets",
    "unicode": "ascii(x)",
    "unixepoch": "extract(epoch FROM x::timestamptz)",
}


def instead_of(name: str) -> str | None:
    """Return a hint with the PostgreSQL form of a function of SQLite; None for an unknown function."""
    form = _INSTEAD.get(name.lower())
    return None if form is None else f"In PostgreSQL write {form}."
