"""The fake itself: its reading of a query string is PHP's, as far as the manual of parse_str states it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fake_portal import listed, parse_query, php_json, php_xml, substituted, would_replace


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "2"}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[0]=x&a[1]=y", {"a": ["x", "y"]}),
        ("a[1]=x&a[0]=y", {"a": {"1": "x", "0": "y"}}),
        ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
        ("f[PHONE][0][VALUE]=1&f[PHONE][0][TYPE]=W", {"f": {"PHONE": [{"VALUE": "1", "TYPE": "W"}]}}),
        ("f[>ID]=5", {"f": {">ID": "5"}}),
        ("a.b=1&c d=2&%20e=3", {"a_b": "1", "c_d": "2", "e": "3"}),
        ("a[b.c]=1", {"a": {"b.c": "1"}}),
        ("a[b[c]=1", {"a": {"b[c": "1"}}),
        ("a[b=1", {"a_b": "1"}),
        ("a[%20]=1&a[%20]=2", {"a": ["1", "2"]}),
        ("a[%20b]=1", {"a": {" b": "1"}}),
        ("a=b%26c%3Dd+e%2B", {"a": "b&c=d e+"}),
        ("a[b]x=1", {"a": {"b": "1"}}),
        ("a", {"a": ""}),
        ("=1&[x]=2&", []),
        ("a%00b=1", {"a": "1"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("0=x&1[y]=z", ["x", {"y": "z"}]),
        ("a=%D0%AF", {"a": "Я"}),
    ],
)
def test_a_query_string_is_read_as_php_reads_it(query: str, read: Any) -> None:
    assert parse_query(query) == read


def test_values_nested_deeper_than_64_levels_are_dropped() -> None:
    assert parse_query("a" + "[x]" * 64 + "=1") != []
    assert parse_query("a" + "[x]" * 65 + "=1") == []


def test_an_empty_map_is_written_as_a_list() -> None:
    assert php_json({"a": {}, "b": {"0": 1, "1": 2}, "c": {"1": 1}}) == '{"a": [], "b": [1, 2], "c": {"1": 1}}'
    assert listed({}) == []


def test_integer_keys_become_items_in_xml() -> None:
    assert php_xml({"a": {"7": "x"}, "b": [True, None], "c": "<&>"}) == (
        "<a><item>x</item></a><b><item>1</item><item></item></b><c>&lt;&amp;&gt;</c>"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$result[a]", {"ID": 5, "T": "x"}),
        ("$result[a][ID]", 5),
        ("$result['a'][\"ID\"]", 5),
        ("no $result[a][ID] yes", "no 5 yes"),
        ("x $result[a] y", "x $result[a] y"),
        ("$result[a][ID],$result[a][T]", 5),
        ("$result[b]", {"a": {"ID": 5, "T": "x"}}),
        ("$results[a][ID]", 5),
        ("$RESULT[a]", None),
        ("$result", "$result"),
        ("$price[a]", "$price[a]"),
    ],
)
def test_references_are_replaced_as_measured(text: str, value: Any) -> None:
    assert substituted(text, {"result": {"a": {"ID": 5, "T": "x"}}}) == value


def test_a_replaced_text_ends_at_the_next_white_space() -> None:
    assert would_replace("a $result[a]-x,$next[b] \u00a0 $total[c]\u00a0d $time") == [
        "$result[a]-x,$next[b]",
        "$total[c]\u00a0d",
    ]
