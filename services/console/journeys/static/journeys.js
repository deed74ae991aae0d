// The picture of a journey: a mark's details beside it instead of a jump to the table, arrow keys from mark to mark.
"use strict";

(() => {
  const marks = () => [...document.querySelectorAll("a.mark")];

  function show(mark) {
    const panel = document.getElementById("touchpoint");
    panel.replaceChildren();
    for (const id of mark.dataset.touchpoints.split(" ")) {
      const row = document.getElementById(`t-${id}`);
      if (!row) continue;
      const heading = document.createElement("h3");
      heading.append(row.querySelector("[data-name=What]").dataset.title);
      const facts = document.createElement("dl");
      facts.className = "facts";
      for (const cell of row.querySelectorAll("[data-name]")) {
        if (!cell.textContent.trim()) continue;
        const fact = document.createElement("div");
        const name = document.createElement("dt");
        const value = document.createElement("dd");
        name.append(cell.dataset.name);
        for (const node of cell.childNodes) value.append(node.cloneNode(true));
        fact.append(name, value);
        facts.append(fact);
      }
      panel.append(heading, facts);
    }
    if (mark.dataset.closer) {
      const more = document.createElement("p");
      const link = document.createElement("a");
      link.href = mark.dataset.closer;
      link.append("Look closer");
      more.append(link);
      panel.append(more);
    }
    for (const other of marks()) other.removeAttribute("aria-current");
    mark.setAttribute("aria-current", "true");
  }

  document.addEventListener("click", (event) => {
    const mark = event.target.closest("a.mark");
    if (!mark || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(mark);
  });

  // One stop for the tab key, however many marks there are; arrows, Home and End go from mark to mark.
  function stop(at) {
    const all = marks();
    const here = at || all.find((mark) => mark.hasAttribute("aria-current")) || all[0];
    for (const mark of all) mark.setAttribute("tabindex", mark === here ? "0" : "-1");
  }

  document.addEventListener("focusin", (event) => {
    const mark = event.target.closest("a.mark");
    if (mark) stop(mark);
  });

  document.addEventListener("keydown", (event) => {
    const mark = event.target.closest && event.target.closest("a.mark");
    if (!mark) return;
    const all = marks();
    const at = all.indexOf(mark);
    const next = { ArrowRight: all[at + 1], ArrowLeft: all[at - 1], Home: all[0], End: all[all.length - 1] }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  document.addEventListener("fresh", () => stop());
  stop();

  // The newest is what most people come for: a picture that is wider than the window is shown from its end.
  for (const view of document.querySelectorAll("[data-from-the-end]")) view.scrollLeft = view.scrollWidth;
})();
