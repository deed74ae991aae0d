"""The frame of every mail, in the brand's looks: pure. All that is put in is escaped or checked here.

Tables with fixed roles and styles within the elements, since mail programs keep little else; one column that is never
wider than the screen; in the dark the colours change places and can still be read. What a mail program leaves out of
the style sheet changes nothing that matters.
"""

import re
from html import escape

from libs.colours import is_colour, mixed, readable_on
from services.messaging.texts.addresses import web_address
from services.messaging.texts.voice import Look

FONTS = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
DARK_PAGE, DARK_CARD, DARK_TEXT = "#121214", "#1d1d20", "#f1f1f3"
URL = re.compile(r"https?://[^\s<>\"']{1,2000}")
AT_THE_END = ".,;:!?)]"
WHOLE = re.compile(r"\s*<(?:!doctype|html)\b", re.IGNORECASE)


def is_whole(html: str) -> bool:
    """Say whether HTML is a document of its own, which goes out without a frame."""
    return WHOLE.match(html) is not None


def framed(content: str, look: Look, *, title: str, preheader: str, image_uri: str, button: tuple[str, str]) -> str:
    """Put the brand's frame around HTML; `button` is what it says and where it leads, empty for none."""
    paint = _Paint(look)
    return (
        f'<!doctype html>\n<html lang="{escape(look.language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{paint.sheet}</style>\n</head>\n"
        f'<body class="page" style="margin:0;padding:0;background:{paint.page};'
        f'-webkit-text-size-adjust:100%">\n{_preheader(preheader)}'
        f'<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" '
        f'style="background:{paint.page}"><tr><td align="center" style="padding:24px 12px">\n'
        '<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" '
        'style="width:100%;max-width:600px;border-collapse:separate">\n'
        f"{_head(look, paint)}{_picture(image_uri)}"
        f'<tr><td class="card" style="background:{paint.card};color:{paint.text};padding:28px 28px 20px;'
        f'font:16px/1.55 {FONTS};border-radius:{paint.radius(image_uri)};word-break:break-word">\n{content}\n'
        f"{_button(button, paint)}{_signature(look)}</td></tr>\n{_foot(look, paint)}"
        "</table>\n</td></tr></table>\n</body>\n</html>\n"
    )


def html_of_text(text: str) -> str:
    """Write plain text as HTML: paragraphs, line ends, and addresses of the web that can be touched."""
    paragraphs = [paragraph.strip("\n") for paragraph in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n"))]
    return "\n".join(
        f'<p style="margin:0 0 16px">{_touchable(paragraph)}</p>' for paragraph in paragraphs if paragraph.strip()
    )


def text_with_foot(text: str, look: Look, *, button: tuple[str, str] = ("", "")) -> str:
    """Put below plain text what the frame puts around HTML: the button's address, signature, imprint and links."""
    label, link = button
    parts = [text.rstrip("\n")]
    if label and link and link not in text:
        parts.append(f"{label}: {link}")
    if look.signature:
        parts.append(look.signature.strip())
    links = [f"{said}: {link}" for said, link in _links(look)]
    foot = [part for part in (look.imprint.strip(), "\n".join(links)) if part]
    if foot:
        parts.append("-- \n" + "\n\n".join(foot))
    return "\n\n".join(parts) + "\n" if len(parts) > 1 else text


class _Paint:
    """The colours of one mail, each of them one that can be read on what is behind it."""

    def __init__(self, look: Look) -> None:
        colours = look.colours
        named = (colours.primary, colours.on_primary, colours.background, colours.text)
        if not all(is_colour(colour) for colour in named):  # nothing else ever comes into a style
            raise ValueError("a colour is none")
        self.primary, self.on_primary, self.card, self.text = named
        self.page = mixed(self.card, self.text, 0.06)
        self.faint = readable_on(mixed(self.text, self.page, 0.3), self.page)
        self.link = readable_on(self.primary, self.card)
        dark_link = readable_on(self.primary, DARK_CARD)
        self.sheet = (
            f".card a{{color:{self.link}}}.card img{{max-width:100%;height:auto;border:0}}\n"
            f".card table.lines{{width:100%;border-collapse:collapse;margin:0 0 16px}}"
            f".card table.lines td{{padding:8px 8px 8px 0;border-bottom:1px solid {mixed(self.card, self.text, 0.15)};"
            f"vertical-align:middle;hyphens:auto}}.card table.lines .amount{{text-align:right;white-space:nowrap;"
            f"padding-right:0}}"
            f".card s,.card .faint{{color:{readable_on(mixed(self.text, self.card, 0.3), self.card)}}}\n"
            f".card h1{{font-size:22px;line-height:1.3;margin:0 0 16px}}.card p{{margin:0 0 16px}}\n"
            "@media (max-width:480px){.card{padding:22px 18px 16px!important}"
            ".head,.foot{padding-left:18px!important;padding-right:18px!important}"
            ".button{display:block!important;text-align:center!important}}\n"
            f"@media (prefers-color-scheme:dark){{.page{{background:{DARK_PAGE}!important}}"
            f".card{{background:{DARK_CARD}!important;color:{DARK_TEXT}!important}}"
            f".card a{{color:{dark_link}}}.card s,.card .faint,.foot,.foot a{{color:#b9b9c0!important}}"
            f".card a.button{{color:{self.on_primary}!important}}"
            f".card table.lines td{{border-color:#3a3a40}}}}\n"
        )

    def radius(self, image_uri: str) -> str:
        """Round what is outside only."""
        return "0 0 10px 10px" if web_address(image_uri) else "10px"


def _preheader(preheader: str) -> str:
    if not preheader:
        return ""
    hidden = (
        "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;font-size:1px;line-height:1px"
    )
    return f'<div style="{hidden}">{escape(preheader)}{"&#847;&zwnj;&nbsp;" * 30}</div>\n'


def _head(look: Look, paint: _Paint) -> str:
    logo, home = web_address(look.logo_uri), web_address(look.home_uri)
    if not (logo or look.name):
        return ""
    shown = (
        f'<img src="{escape(logo)}" alt="{escape(look.name)}" height="40" style="height:40px;border:0;display:block">'
        if logo
        else escape(look.name)
    )
    style = f"color:{paint.on_primary};text-decoration:none"
    linked = f'<a href="{escape(home)}" style="{style}">{shown}</a>' if home else shown
    return (
        f'<tr><td class="head" bgcolor="{paint.primary}" style="background:{paint.primary};color:{paint.on_primary};'
        f'padding:16px 28px;border-radius:10px;font:bold 20px/1.3 {FONTS}">{linked}</td></tr>\n'
        '<tr><td height="12" style="height:12px;line-height:12px;font-size:0">&nbsp;</td></tr>\n'
    )


def _picture(image_uri: str) -> str:
    address = web_address(image_uri)
    if not address:
        return ""
    style = "width:100%;max-width:600px;height:auto;display:block;border:0;border-radius:10px 10px 0 0"
    return f'<tr><td><img src="{escape(address)}" alt="" width="600" style="{style}"></td></tr>\n'


def _button(button: tuple[str, str], paint: _Paint) -> str:
    label, link = button[0], web_address(button[1])
    if not (label and link):
        return ""
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 20px"><tr>'
        f'<td bgcolor="{paint.primary}" style="background:{paint.primary};border-radius:8px">'
        f'<a class="button" href="{escape(link)}" style="display:inline-block;padding:13px 26px;'
        f'font:bold 16px/1.2 {FONTS};color:{paint.on_primary};text-decoration:none">{escape(label)}</a>'
        "</td></tr></table>\n"
    )


def _signature(look: Look) -> str:
    return f'<p style="margin:16px 0 8px">{_lines(look.signature)}</p>\n' if look.signature.strip() else ""


def _foot(look: Look, paint: _Paint) -> str:
    links = " &nbsp;&middot;&nbsp; ".join(
        f'<a href="{escape(link)}" style="color:{paint.faint}">{escape(said)}</a>' for said, link in _links(look)
    )
    imprint = _lines(look.imprint) if look.imprint.strip() else ""
    inside = "<br><br>".join(part for part in (imprint, links) if part)
    if not inside:
        return ""
    style = f"padding:20px 28px;font:13px/1.5 {FONTS};color:{paint.faint}"
    return f'<tr><td class="foot" style="{style}">{inside}</td></tr>\n'


def _links(look: Look) -> list[tuple[str, str]]:
    both = ((look.preferences_label, look.preferences_link), (look.unsubscribe_label, look.unsubscribe_link))
    return [(said, link) for said, link in both if web_address(link)]


def _lines(text: str) -> str:
    return "<br>\n".join(escape(line.strip()) for line in text.strip().splitlines())


def _touchable(text: str) -> str:
    written, end = [], 0
    for found in URL.finditer(text):
        url = found[0].rstrip(AT_THE_END)
        written.append(escape(text[end : found.start()]))
        written.append(f'<a href="{escape(url)}">{escape(url)}</a>' if web_address(url) else escape(url))
        end = found.start() + len(url)
    written.append(escape(text[end:]))
    return "".join(written).replace("\n", "<br>\n")
