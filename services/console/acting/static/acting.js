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
  let source = null;
  let shown = null;

  function stop() {
    if (source) source.close();
    source = null;
  }

  // Each time it begins anew, all parts come once: what changed while nobody listened is noticed too.
  function listen() {
    stop();
    source = new EventSource(note.dataset.live);
    source.addEventListener("parts", (event) => {
      const html = JSON.parse(event.data)[note.dataset.part];
      if (html === undefined) return;
      const text = textOf(html);
      if (shown !== null && shown !== text) note.hidden = false;
      shown = text;
      note.dataset.listening = "yes";
    });
    source.addEventListener("state", (event) => {
      if (["signed out", "gone", "not live"].includes(JSON.parse(event.data))) stop();
    });
  }

  // Browsers allow few connections to one address: pages that nobody sees give theirs up.
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  listen();
})();
