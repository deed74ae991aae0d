"""The law of what keeps pages up to date: a part reads as it does now, and who stands somewhere still stands there."""

from random import Random

import pytest

from tests.browser.console.watching import Counter

SEEDS = range(8)
TURNS = 150
BECOME = """([before, after, focused]) => {
  const part = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };
  document.querySelector("main").replaceChildren(part(before));
  const mine = document.getElementById(focused);
  if (mine) mine.focus();
  const from = document.querySelector("main").firstElementChild;
  become(from, part(after));
  const still = part(after).querySelector(`#${focused}`);
  const reads = from.isEqualNode(part(after));
  const named = !mine || !still || document.activeElement.id === focused;
  return [reads, !mine || !still || document.activeElement === mine, named, from.outerHTML];
}"""


def some_part(random: Random, names: list[str]) -> str:
    """Give a list as pages have it: lines with and without a name, in any order, words and blanks between them."""
    lines = []
    for name in random.sample(names, random.randint(0, len(names))):
        words = random.choice(["", "one", "two"])
        link = f'<a href="#{name}" id="a-{name}" class="{words}">{name}</a>'
        named = f'<li data-key="{name}">{words} {link}</li>'
        lines.append(random.choice([named, named, f"<li>{words} {link}</li>", f"<p>{words}</p> <li>{words}</li>"]))
    return f"<ul>{random.choice(['', ' '])}{random.choice([' ', '']).join(lines)}</ul>"


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_it_was_it_reads_as_it_is_and_a_named_line_keeps_the_focus(counter: Counter, seed: int) -> None:
    random = Random(seed)
    names = [f"line{number}" for number in range(7)]
    async with counter.page() as page:
        await page.goto(f"{counter.base}/operations")
        for _ in range(TURNS):
            before, after = some_part(random, names), some_part(random, names)
            stays = [name for name in names if f'data-key="{name}"' in before and f'data-key="{name}"' in after]
            focused = f"a-{random.choice(stays or names)}"
            reads, stands, named, got = await page.evaluate(BECOME, [before, after, focused])
            assert reads, (before, after, got)
            assert stands or not stays, (before, after, focused)
            assert named, (before, after, focused)
