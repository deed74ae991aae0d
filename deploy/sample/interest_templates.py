"""What is said about articles that somebody looked at: one costs less, one is still there, and what all cost today."""

from dataclasses import dataclass

from deploy.sample.forms import Button, card, mail, push, sms
from omnithread.messaging.v1.messaging_pb2 import Template, TemplateForm

ARTICLE = """\
<table role="presentation" class="lines"><tr>
<td width="72">{% if item.image_uri %}<img src="{{ item.image_uri }}" alt="" width="72">{% endif %}</td>
<td><b>{% if item.link_uri %}<a href="{{ item.link_uri }}">{{ item.name }}</a>{% else %}{{ item.name }}{% endif %}</b>
{% if item.offer %}<br><span class="faint">{{ item.offer }}</span>{% endif %}</td>
<td class="amount">{% if item.old_price %}<s>{{ item.old_price }}</s><br>{% endif %}<b>{{ item.price }}</b></td>
</tr></table>
"""
TEXT_ARTICLE = (
    "{{ item.name }}: {{ item.price }}"
    "{% if item.old_price %} (INSTEAD {{ item.old_price }}{% if item.offer %}, {{ item.offer }}{% endif %}){% endif %}"
    "{% if item.link_uri %}\n{{ item.link_uri }}{% endif %}\n"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """What one language says."""

    language: str
    instead: str
    look: str
    """What the button says."""
    alert_subject: str
    alert: str
    alert_short: str
    elsewhere: str
    browse_subject: str
    browse: str
    news_subject: str
    news: str
    nothing_viewed: str
    reduced: str


WORDINGS = (
    Wording(
        "en",
        instead="instead of",
        look="Have a look",
        alert_subject="{{ name }} costs less now",
        alert="you looked at this, and its price fell:",
        alert_short="{{ name }} costs {{ new_price }} now instead of {{ old_price }}.",
        elsewhere="You find it on the web, in the app and in our stores.",
        browse_subject="{{ article.name }} is still there",
        browse="you had a look at this:",
        news_subject="For you from {{ brand.name }}",
        news="this is what you looked at last, with today's price:",
        nothing_viewed="there is a lot that is new in our stores and on the web.",
        reduced="now",
    ),
    Wording(
        "de",
        instead="statt",
        look="Ansehen",
        alert_subject="{{ name }} kostet jetzt weniger",
        alert="Sie haben sich das angesehen, und der Preis ist gefallen:",
        alert_short="{{ name }} kostet jetzt {{ new_price }} statt {{ old_price }}.",
        elsewhere="Sie finden es im Web, in der App und in unseren Filialen.",
        browse_subject="{{ article.name }} ist noch da",
        browse="Sie haben sich das angesehen:",
        news_subject="Für Sie von {{ brand.name }}",
        news="das haben Sie sich zuletzt angesehen, mit dem Preis von heute:",
        nothing_viewed="in unseren Filialen und im Web gibt es viel Neues.",
        reduced="jetzt",
    ),
)


def price_alert() -> Template:
    """Give what is said of a price that fell."""
    return Template(
        template_id="price_alert",
        default_language="en",
        forms=[form for wording in WORDINGS for form in _alert_forms(wording)],
        variable_names=["sku", "name", "old_price", "new_price", "link"],
    )


def browse_reminder() -> Template:
    """Give the reminder of one article that was looked at: with today's price, and its offer."""
    return Template(
        template_id="browse_reminder",
        default_language="en",
        forms=[form for wording in WORDINGS for form in _browse_forms(wording)],
        variable_names=["sku"],
    )


def newsletter() -> Template:
    """Give a newsletter that shows what its reader looked at last, with today's price."""
    return Template(
        template_id="newsletter",
        default_language="en",
        forms=[form for wording in WORDINGS for form in _news_forms(wording)],
    )


def _alert_forms(wording: Wording) -> tuple[TemplateForm, ...]:
    price = f"{{{{ name }}}}: {{{{ new_price }}}} {wording.instead} {{{{ old_price }}}}"
    text = (
        f"{{{{ voice.greeting }}}}\n\n{wording.alert}\n\n{price}\n\n"
        f"{{% if link == '' %}}{wording.elsewhere}{{% else %}}{{{{ link }}}}{{% endif %}}\n"
    )
    html = (
        f"<p>{{{{ voice.greeting }}}}</p>\n<p>{wording.alert}</p>\n"
        '<table role="presentation" class="lines"><tr><td><b>{{ name }}</b></td>'
        '<td class="amount"><s>{{ old_price }}</s><br><b>{{ new_price }}</b></td></tr></table>\n'
        f"<p>{wording.elsewhere}</p>\n"
    )
    language, look = wording.language, Button(wording.look, "{{ link }}")
    return (
        mail(language, wording.alert_subject, text=text, html=html, preheader=wording.alert_short, button=look),
        sms(language, f"{wording.alert_short}{{% if link != '' %}} {{{{ link }}}}{{% endif %}}"),
        push(language, wording.alert_subject, wording.alert_short, link="{{ link }}"),
        card(language, wording.alert_subject, wording.alert_short, button=look),
    )


def _browse_forms(wording: Wording) -> tuple[TemplateForm, ...]:
    language = wording.language
    text_article = TEXT_ARTICLE.replace("INSTEAD", wording.instead).replace("item.", "article.")
    offer = "{% if article.offer %} ({{ article.offer }}){% endif %}"
    short = f"{{{{ article.name }}}}: {{{{ article.price }}}}{offer}"
    link, image = "{{ article.link_uri }}", "{{ article.image_uri }}"
    return (
        mail(
            language,
            wording.browse_subject,
            text=f"{{{{ voice.greeting }}}}\n\n{wording.browse}\n\n{text_article}\n{{{{ voice.closing }}}}\n",
            html=f"<p>{{{{ voice.greeting }}}}</p>\n<p>{wording.browse}</p>\n"
            + ARTICLE.replace("item.", "article.")
            + "<p>{{ voice.closing }}</p>\n",
            preheader=short,
            button=Button(wording.look, link),
        ),
        sms(language, f"{short} {link}"),
        push(language, wording.browse_subject, short, link=link, image=image),
        card(language, wording.browse_subject, short, button=Button(wording.look, link), image=image),
    )


def _news_forms(wording: Wording) -> tuple[TemplateForm, ...]:
    language = wording.language
    text_article = TEXT_ARTICLE.replace("INSTEAD", wording.instead)
    first = (
        f"{{% if viewed.size > 0 %}}{{{{ viewed.first.name }}}}: {wording.reduced} {{{{ viewed.first.price }}}}"
        f"{{% if viewed.first.offer %}} ({{{{ viewed.first.offer }}}}){{% endif %}}"
        f"{{% else %}}{{{{ brand.name }}}}: {wording.nothing_viewed}{{% endif %}}"
    )
    return (
        mail(
            language,
            wording.news_subject,
            text=f"{{{{ voice.greeting }}}}\n\n{{% if viewed.size > 0 %}}{wording.news}\n\n"
            f"{{% for item in viewed %}}{text_article}\n{{% endfor %}}"
            f"{{% else %}}{wording.nothing_viewed}\n{{% endif %}}",
            html=f"<p>{{{{ voice.greeting }}}}</p>\n{{% if viewed.size > 0 %}}<p>{wording.news}</p>\n"
            f"{{% for item in viewed %}}{ARTICLE}{{% endfor %}}"
            f"{{% else %}}<p>{wording.nothing_viewed}</p>\n{{% endif %}}",
            preheader=first,
        ),
        push(language, wording.news_subject, first),
        card(language, wording.news_subject, first),
    )
