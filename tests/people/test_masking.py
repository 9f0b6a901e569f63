"""The secrets of people are masked for the person, and do not slow down or fill the server."""

from __future__ import annotations

from b24_mcp.secrets import PERSON, Redactor


def masked(redactor: Redactor, person: str, text: str) -> str:
    token = PERSON.set(person)
    try:
        return redactor.redact(text)
    finally:
        PERSON.reset(token)


def test_the_tokens_of_a_person_are_masked_in_their_context_beside_those_of_all() -> None:
    redactor = Redactor(["secret-of-all"])
    redactor.add_for("a", "token-of-a")
    redactor.add_for("b", "token-of-b")
    assert masked(redactor, "a", "token-of-a secret-of-all token%2Dof%2Da") == "*** *** ***"
    assert masked(redactor, "b", "token-of-b secret-of-all") == "*** ***"
    assert masked(redactor, "", "secret-of-all") == "***"
    redactor.add("another-secret")
    assert masked(redactor, "a", "token-of-a another-secret") == "*** ***"


def test_the_last_tokens_of_a_person_are_known() -> None:
    redactor = Redactor()
    for number in range(20):
        redactor.add_for("a", f"token-number-{number:02}")
        redactor.add_for("a", f"token-number-{number:02}")
    assert masked(redactor, "a", "token-number-19 token-number-15") == "*** ***"
    assert masked(redactor, "a", "token-number-03") == "token-number-03"


def test_a_person_whose_login_ended_is_forgotten() -> None:
    redactor = Redactor()
    redactor.add_for("a", "token-of-a")
    assert masked(redactor, "a", "token-of-a") == "***"
    redactor.forget_person("a")
    assert masked(redactor, "a", "token-of-a") == "token-of-a"


def test_thousands_of_people_do_not_fill_the_memory() -> None:
    redactor = Redactor(["secret-of-all"])
    for number in range(5_000):
        redactor.add_for(str(number), f"token-{number:05}-abcdef")
        if number % 10 == 0:
            masked(redactor, str(number), "a text")
    assert len(redactor._of_people) == 2_000
    assert len(redactor._searches) <= 500
    assert masked(redactor, "4999", "token-04999-abcdef") == "***"


def test_the_tokens_of_a_person_who_uses_the_server_stay_known_while_thousands_log_in() -> None:
    redactor = Redactor()
    redactor.add_for("m:0", "token-of-the-first")
    for number in range(1, 4_000):
        redactor.add_for(f"m:{number}", f"token-of-{number}")
        if number % 500 == 0:
            assert masked(redactor, "m:0", "a token-of-the-first b") == "a *** b"
