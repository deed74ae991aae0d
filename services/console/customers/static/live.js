// Keeps the page of a customer up to date, without taking away what somebody is reading, typing or has opened.
"use strict";

(() => {
  const parts = document.getElementById("parts");
  const state = document.getElementById("live-state");
  const words = document.getElementById("live-words");
  const news = document.getElementById("live-news");
  const SAID = {
    live: "Live",
    reconnecting: "Reconnecting",
    "signed out": "Not live: you are signed out. Load the page again.",
    gone: "Not live: this customer is no longer there.",
    "not live": "Not live",
    "too many": "Not live: too many pages are open. Close some, and load this one again.",
  };
  const OVER = new Set(["signed out", "gone", "not live"]);
  const SILENCE_MS = 30000;
  const AGAIN_MS = 5000;
  let source = null;
  let lastHeard = 0;
  let told = false;

  function say(what) {
    state.dataset.state = what;
    if (words.textContent !== SAID[what]) words.textContent = SAID[what];
  }

  function show(fresh) {
    const changed = [];
    for (const [name, html] of Object.entries(fresh)) {
      const section = document.getElementById(`part-${name}`);
      const template = document.createElement("template");
      template.innerHTML = html;
      const wanted = template.content.firstElementChild;
      if (!section || !wanted || section.isEqualNode(wanted)) continue;
      const before = section.textContent;
      become(section, wanted);
      if (section.textContent === before) continue;
      changed.push(section.dataset.title);
      if (told) {
        section.classList.remove("fresh");
        void section.offsetWidth; // so that the animation begins again
        section.classList.add("fresh");
      }
    }
    if (changed.length && told) news.textContent = `Changed: ${changed.join(", ")}`;
    told = true;
  }

  function stop() {
    if (source) source.close();
    source = null;
  }

  function listen() {
    stop();
    source = new EventSource(parts.dataset.live);
    lastHeard = Date.now();
    source.addEventListener("parts", (event) => {
      lastHeard = Date.now();
      show(JSON.parse(event.data));
      say("live");
    });
    source.addEventListener("state", (event) => {
      lastHeard = Date.now();
      const what = JSON.parse(event.data);
      if (what === "signed out") { refused(); return; } // another page may have kept the session
      say(what);
      if (OVER.has(what)) stop();
    });
    source.addEventListener("moved", (event) => {
      stop();
      location.replace(JSON.parse(event.data));
    });
    source.onerror = () => {
      say("reconnecting");
      if (source && source.readyState === EventSource.CLOSED) refused();
    };
  }

  // A refusal ends a source for good, and does not say which it was: ask once.
  async function refused() {
    stop();
    const answer = await fetch(parts.dataset.live, { method: "HEAD", headers: { accept: "text/event-stream" } }).catch(() => null);
    if (answer && answer.status === 401) say("signed out");
    else {
      if (answer && answer.status === 429) say("too many");
      setTimeout(() => { if (!source && !document.hidden) listen(); }, AGAIN_MS);
    }
  }

  // Browsers allow few connections to one address: pages that nobody sees give theirs up.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop();
    else if (!OVER.has(state.dataset.state)) listen();
  });
  setInterval(() => {
    if (source && Date.now() - lastHeard > SILENCE_MS) {
      say("reconnecting");
      listen();
    }
  }, 5000);
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  if (!document.hidden) listen(); // else when it comes to the front
})();
