import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.texts.liquid_texts import TextFault, html_text, plain_text
from services.messaging.texts.text_data import invented, names_with

NAMES = names_with(["code"])
LINES = [{"name": f"Thing {number}"} for number in range(200)]
DATA = {**invented(["code"]), "code": "x" * 1024, "cart": {"lines": LINES, "line_count": 200, "subtotal": "3"}}
GENEROUS_SECONDS = 5.0


def test_values_of_customers_are_escaped_in_html_and_not_in_text() -> None:
    data = {**DATA, "customer": {"given_name": '<script>alert("1")</script>', "family_name": None}}
    source = "<b>{{ customer.given_name }}</b>{{ customer.family_name }}"
    assert html_text(source, NAMES).render(data) == ("<b>&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;</b>")
    assert plain_text(source, NAMES).render(data) == '<b><script>alert("1")</script></b>'


def test_what_is_assigned_captured_or_filtered_is_escaped_too() -> None:
    data = {**DATA, "code": "<i>"}
    source = (
        "{% assign a = code | append: code %}{{ a }}"
        "{% capture b %}{{ code }}{% endcapture %}{{ b }}{{ code | upcase | newline_to_br }}"
    )
    assert "<i" not in html_text(source, NAMES).render(data).lower()


def test_a_loop_over_a_full_cart_is_rendered() -> None:
    text = plain_text(
        "{% for line in cart.lines %}{{ line.name }}{% unless forloop.last %}, {% endunless %}{% endfor %}", NAMES
    )
    assert text.render(DATA).endswith("Thing 198, Thing 199")


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in cart.lines %}" * 3 + "{% endfor %}" * 3,
        "{% for a in cart.lines %}" + "{% for b in cart.lines %}{% endfor %}" * 100 + "{% endfor %}",
        "{% for i in cart.lines %}" + "{{ code }}" * 100 + "{% endfor %}",
        "{% assign a = code %}" + "{% assign a = a | append: a %}" * 40,
        "{% assign a = 3 %}" + "{% assign a = a | times: a %}" * 40,
        "{% capture a %}{{ code }}{% endcapture %}" + "{% capture a %}{{ a }}{{ a }}{% endcapture %}" * 40,
    ],
    ids=["loops in loops", "many loops", "much output", "a text that doubles", "a number that doubles", "captures"],
)
def test_what_would_not_end_is_ended(source: str) -> None:
    text = html_text(source, NAMES)
    began = time.perf_counter()
    with pytest.raises(TextFault):
        text.render(DATA)
    assert time.perf_counter() - began < GENEROUS_SECONDS


@pytest.mark.parametrize(
    "source",
    [
        "{" * 60_000,
        "{{" * 30_000,
        "{% " * 20_000,
        "{{ 'a' | " * 8_000,
        "{% if code %}" * 30 + "{% endif %}" * 30,
        "{% if code %}{% endif %}" * 4_000,
        "{% if " + " and ".join(["code"] * 5_000) + " %}{% endif %}",
        "{{ code" + "[code" * 100 + "]" * 100 + " }}",
        "{% for i in (1..1000000000) reversed %}{% endfor %}",
        "{% assign i = (1..1000000000) %}",
        "{% if (1..1000000000) contains 3 %}{% endif %}",
        "{% include 'a' %}",
        "{% render 'a' %}",
        "{% tablerow i in cart.lines %}{% endtablerow %}",
    ],
)
def test_what_could_not_be_borne_does_not_compile(source: str) -> None:
    began = time.perf_counter()
    with pytest.raises(TextFault):
        html_text(source, NAMES)
    assert time.perf_counter() - began < GENEROUS_SECONDS


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ nobody }}", "`nobody` is not declared"),
        ("{{ now }}", "`now` is not declared"),
        ("{{ customer.e_mail }}", "`customer.e_mail` is not declared"),
        ("{{ code.length }}", "`code.length` is not declared"),
        ("{{ customer[code] }}", "a name is computed"),
        ("a\n{{ code", "a tag is not closed"),
        ("a\n{% if code %}", "expected tag endif"),
        ("a\n{% fi %}", "line 2"),
    ],
)
def test_the_writer_of_a_template_is_told_what_is_wrong(source: str, told: str) -> None:
    with pytest.raises(TextFault, match=told):
        plain_text(source, NAMES)


@pytest.mark.parametrize(
    "source", ["{{ code | safe }}", "{{ code | date: '%Y' }}", "{% for l in cart.lines %}{{ l.x }}{% endfor %}"]
)
def test_what_compiles_and_cannot_be_rendered_is_found_by_rehearsing(source: str) -> None:
    with pytest.raises(TextFault, match="line 1"):
        html_text(source, NAMES).rehearse(invented(["code"]))


def test_a_fault_at_rendering_repeats_no_value_of_the_customer() -> None:
    text = plain_text("{% for line in cart.lines %}{{ line[code] }}{% endfor %}", NAMES)
    with pytest.raises(TextFault) as caught:
        text.render({**DATA, "code": "anna@example.com"})
    assert "anna" not in str(caught.value)


@given(st.text(alphabet="{%}-| '\"().:,[]=abif endforcustomer01<\n", max_size=120))
def test_no_text_breaks_anything_but_itself(source: str) -> None:
    with suppress(TextFault):
        html_text(source, NAMES).render(DATA)
