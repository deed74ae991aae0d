// Says that something changed while an agent types. Nothing on the page moves: the agent loads it again when ready.
"use strict";

(() => {
  const note = document.getElementById("stale");
  if (!note) return;
  const textOf = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.textContent;
  };
  const AGAIN_MS = 5000;
  const OVER = ["signed out", "gone", "not live"];
  let source = null;
  let shown = null;
  let over = false;

  function stop() {
    if (source) source.close();
    source = null;
  }

  // Each time it begins anew, all parts come once: what changed while nobody listened is noticed too.
  function listen() {
    stop();
    if (over) return;
    source = new EventSource(note.dataset.live);
    source.addEventListener("parts", (event) => {
      const html = JSON.parse(event.data)[note.dataset.part];
      if (html === undefined) return;
      const text = textOf(html);
      if (shown !== null && shown !== text) note.hidden = false;
      shown = text;
      note.dataset.listening = "yes";
      if (document.hidden) stop(); // a page that was opened behind others has to know how it was then, and no more
    });
    // Merged into another customer, or forgotten: what is on the page is not so any more.
    source.addEventListener("moved", () => { note.hidden = false; });
    source.addEventListener("state", (event) => {
      const what = JSON.parse(event.data);
      if (what === "gone") note.hidden = false;
      over = OVER.includes(what);
      if (over) stop();
    });
    source.onerror = () => {
      if (!source || source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      stop();
      setTimeout(() => { if (!source && !document.hidden) listen(); }, AGAIN_MS);
    };
  }

  // Browsers allow few connections to one address: pages that nobody sees give theirs up.
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  listen();
})();
