"""The brand to begin with: its looks, and how it speaks in English and German.

A company replaces it by its own with PutBrand; `make up` and the demo put it where none is.
"""

from omnithread.messaging.v1.brand_pb2 import (
    FORM_OF_ADDRESS_FORMAL,
    Brand,
    BrandColours,
    BrandTexts,
    ToneSnippet,
)

NAME = "{% if customer.given_name %} {{ customer.given_name }}{% endif %}"


def sample_brands() -> tuple[Brand, ...]:
    """Give the brands, ready for PutBrand."""
    return (
        Brand(
            brand_id="main",
            name="Haus Marlene",
            colours=BrandColours(primary="#7a2e3a", on_primary="#ffffff", background="#ffffff", text="#26221f"),
            home_uri="https://shop.example.com/",
            texts=[
                BrandTexts(
                    language="en",
                    signature="Your team at Haus Marlene",
                    imprint="Haus Marlene GmbH, Lindenallee 4, 10115 Berlin, Germany\nservice@shop.example.com",
                    snippets=_snippets(
                        greeting=f"Hello{NAME},",
                        closing="Everything is kept for you: on the web, in the app and in our stores.",
                        thanks="Thank you",
                        sorry="We are sorry about that",
                    ),
                ),
                BrandTexts(
                    language="de",
                    signature="Ihr Team von Haus Marlene",
                    imprint="Haus Marlene GmbH, Lindenallee 4, 10115 Berlin\nservice@shop.example.com",
                    form_of_address=FORM_OF_ADDRESS_FORMAL,
                    snippets=_snippets(
                        greeting=f"Guten Tag{NAME},",
                        closing="Wir bewahren alles für Sie auf: im Web, in der App und in unseren Filialen.",
                        thanks="Vielen Dank",
                        sorry="Das tut uns leid",
                    ),
                ),
            ],
            default_language="de",
        ),
    )


def _snippets(**texts: str) -> list[ToneSnippet]:
    return [ToneSnippet(name=name, text=text) for name, text in texts.items()]
