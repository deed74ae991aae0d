"""Whether a page is in order for who does not see it, or uses no mouse: what can be checked of it by a program."""

from typing import Any

from playwright.async_api import Page

DISORDER = """() => {
  const faults = [];
  const shown = (element) => element.getClientRects().length > 0;
  const words = (element) => (element.getAttribute("aria-label") || element.textContent || element.title || "").trim();
  const named = (element) => words(element) || [...(element.getAttribute("aria-labelledby") || "").split(" ")]
    .some((id) => id && document.getElementById(id)?.textContent.trim());
  let level = 0;
  for (const heading of [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown)) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`h${next} after h${level}: ${heading.textContent.trim()}`);
    if (!heading.textContent.trim()) faults.push(`an empty h${next}`);
    level = next;
  }
  const ids = new Set();
  for (const element of document.querySelectorAll("[id]")) {
    if (ids.has(element.id)) faults.push(`twice the id ${element.id}`);
    ids.add(element.id);
  }
  for (const name of ["aria-labelledby", "aria-describedby", "for", "aria-controls"])
    for (const element of document.querySelectorAll(`[${name}]`))
      for (const id of element.getAttribute(name).split(" "))
        if (id && !ids.has(id)) faults.push(`${name} leads nowhere: ${id}`);
  for (const element of document.querySelectorAll("[tabindex]"))
    if (element.tabIndex > 0) faults.push(`an order of its own: ${words(element)}`);
  for (const element of document.querySelectorAll("a[href], button, summary, [role=region], dialog[open]"))
    if (shown(element) && !named(element)) faults.push(`no name: ${element.outerHTML.slice(0, 120)}`);
  for (const region of document.querySelectorAll("[role=region], nav, [role=img], iframe"))
    if (region.tagName !== "IFRAME" && !region.hasAttribute("aria-label") && !region.hasAttribute("aria-labelledby")
        && !region.querySelector(":scope > title")) faults.push(`no label: ${region.outerHTML.slice(0, 120)}`);
  for (const frame of document.querySelectorAll("iframe")) if (!frame.title) faults.push("a frame without a title");
  for (const table of document.querySelectorAll("table"))
    if (!table.querySelector("th")) faults.push(`a table without headings: ${words(table).slice(0, 60)}`);
  for (const box of document.querySelectorAll("main *")) {
    const style = getComputedStyle(box);
    if (box.scrollWidth > box.clientWidth + 1 && ["auto", "scroll"].includes(style.overflowX) && box.tabIndex < 0
        && !box.querySelector("a[href], button, input, select, textarea, summary, [tabindex]"))
      faults.push(`scrolls, and not by keyboard: ${box.className}`);
  }
  return faults;
}"""

WHERE = """() => {
  const stops = document.querySelectorAll("*");
  const style = getComputedStyle(document.activeElement);
  const focus = getComputedStyle(document.documentElement).getPropertyValue("--focus").trim();
  const rgb = `rgb(${[1, 3, 5].map((at) => parseInt(focus.slice(at, at + 2), 16)).join(", ")})`;
  const drawn = document.activeElement instanceof SVGElement
    && [...document.activeElement.querySelectorAll("*")].some((part) => getComputedStyle(part).stroke === rgb);
  const within = document.activeElement.tagName === "IFRAME"; // what has the focus is a link in it
  const seen = drawn || within || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  return [[...stops].indexOf(document.activeElement), seen, within, document.activeElement.outerHTML.slice(0, 120)];
}"""


async def disorder_of(page: Page) -> list[str]:
    """Say what confuses who hears the page, or goes through it by keyboard."""
    found: Any = await page.evaluate(DISORDER)
    return [str(fault) for fault in found]


async def walk_by_keyboard(page: Page, *, most: int = 40) -> list[str]:
    """Go from stop to stop, at most so many: each is seen to have the focus, and comes after the one before it."""
    faults, before = [], -1
    await page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); }")
    for _ in range(most):
        await page.keyboard.press("Tab")
        at, seen, within, what = await page.evaluate(WHERE)
        if within and at == before:
            continue
        if at <= before or at < 3:  # round again, or out of the page
            break
        if not seen:
            faults.append(f"nobody sees that it has the focus: {what}")
        before = at
    return faults
