"""Whether a page can be read and used by everybody: what can be checked of it by a program."""

from typing import Any

from playwright.async_api import Page

LEAST_CONTRAST = 4.5
LEAST_TARGET_PIXELS = 24
"""As WCAG 2.2 (AA) asks."""

FAULTS = """([leastContrast, leastTarget, scriptsFrom]) => {
  const faults = [];
  const shown = (element) => element.getClientRects().length > 0 && element.getBoundingClientRect().left > -1000;
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (part) => { part /= 255; return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title.trim()) faults.push("no title");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  for (const script of document.scripts)
    if (!scriptsFrom || script.textContent.trim() || !script.src.startsWith(scriptsFrom)) faults.push("a script");
  for (const styled of document.querySelectorAll("[style]:not([style='']), style"))
    faults.push(`a style: ${styled.outerHTML}`);
  if (document.documentElement.scrollWidth > window.innerWidth) faults.push("wider than the window");
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!field.labels.length || ![...field.labels].some((label) => label.textContent.trim()))
      faults.push(`no label: ${field.name}`);
  for (const image of document.images) if (!image.alt) faults.push("a picture without words");
  for (const set of document.querySelectorAll("fieldset")) if (!set.querySelector("legend")) faults.push("no legend");
  for (const button of document.querySelectorAll("button, .choice")) {
    if (!shown(button)) continue;
    const box = button.getBoundingClientRect();
    if (Math.min(box.width, box.height) < leastTarget) faults.push(`too small: ${button.textContent.trim()}`);
  }
  for (const element of document.body.querySelectorAll("*")) {
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!words || !shown(element)) continue;
    const [one, other] = [luminance(parts(getComputedStyle(element).color)), luminance(ground(element))].sort();
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < leastContrast) faults.push(`contrast ${contrast.toFixed(2)}: ${element.textContent.trim()}`);
  }
  return faults;
}"""

OUTLINED = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


async def faults_of(page: Page, *, scripts_from: str = "") -> list[str]:
    """Say what keeps somebody from reading or using the page; scripts may come from `scripts_from` only."""
    found: Any = await page.evaluate(FAULTS, [LEAST_CONTRAST, LEAST_TARGET_PIXELS, scripts_from])
    return [str(fault) for fault in found]


async def tab_to(page: Page, text: str, *, most: int = 40) -> None:
    """Go to a button by keyboard alone; every stop on the way is seen to have the focus."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        assert await page.evaluate(OUTLINED), "nobody sees where the focus is"
        if await page.evaluate("() => document.activeElement.textContent.trim()") == text:
            return
    raise AssertionError(f"no way by keyboard to {text!r}")
