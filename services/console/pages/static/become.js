// Makes a part of a page read as it does now, without taking away what somebody is reading, typing or has opened:
// what stays the same stays in its place, and what has the focus is never moved, for whatever moves loses it.
"use strict";

const become = (() => {
  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE && (node.id || node.dataset.key)) || "";
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

  // What the person changed or opened stays theirs: typed text, ticked boxes, opened details, open dialogs.
  function sameAttributes(from, to) {
    const own = from.tagName === "DETAILS" || from.tagName === "DIALOG" ? "open" : "";
    for (const { name, value } of to.attributes)
      if (name !== own && from.getAttribute(name) !== value) from.setAttribute(name, value);
    for (const { name } of [...from.attributes])
      if (name !== own && name !== "data-sent" && !to.hasAttribute(name)) from.removeAttribute(name);
  }

  // For each child that is wanted the one that becomes it: who has its key, else who is equal, else the first alike.
  function successors(from, to) {
    const left = new Set(from.childNodes);
    const named = new Map([...left].filter(keyOf).map((child) => [keyOf(child), child]));
    const pairs = [...to.childNodes].map((wanted) => ({ wanted, old: undefined }));
    const take = (pair, old) => {
      pair.old = old;
      left.delete(old);
    };
    for (const pair of pairs) {
      const old = named.get(keyOf(pair.wanted));
      if (old && alike(old, pair.wanted) && left.has(old)) take(pair, old);
    }
    for (const fits of [(a, b) => a.isEqualNode(b), alike])
      for (const pair of pairs) {
        if (pair.old || keyOf(pair.wanted)) continue;
        for (const child of left) {
          if (!fits(child, pair.wanted)) continue;
          take(pair, child);
          break;
        }
      }
    return { pairs, gone: left };
  }

  function place(parent, nodes, cursor) {
    for (const node of nodes) {
      if (node === cursor) cursor = cursor.nextSibling;
      else parent.insertBefore(node, cursor);
    }
  }

  function turn(from, to) {
    if (from.isEqualNode(to)) return;
    if (from.nodeType !== Node.ELEMENT_NODE) {
      from.nodeValue = to.nodeValue;
      return;
    }
    sameAttributes(from, to);
    if (from.tagName === "TEXTAREA") return; // its text is the person's
    const { pairs, gone } = successors(from, to);
    for (const child of gone) child.remove();
    const nodes = pairs.map(({ wanted, old }) => old || wanted);
    const still = nodes.findIndex((node) => node.contains(document.activeElement));
    place(from, nodes.slice(0, Math.max(still, 0)), from.firstChild);
    place(from, nodes.slice(still + 1), still < 0 ? from.firstChild : nodes[still].nextSibling);
    for (const { wanted, old } of pairs) if (old) turn(old, wanted);
  }

  // What has the focus may have gone and be there again elsewhere, by the same id.
  return (from, to) => {
    const focused = document.activeElement;
    turn(from, to);
    const again = focused.id && focused !== document.activeElement && document.getElementById(focused.id);
    if (again) again.focus({ preventScroll: true });
  };
})();
