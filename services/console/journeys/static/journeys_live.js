// Keeps the picture of a journey that goes on up to date: whenever the journey changed, its parts are fetched anew.
// Focus, what is chosen, and how far the picture is scrolled stay as they are.
"use strict";

(() => {
  const words = document.getElementById("live-words");
  const address = words.dataset.live;
  const PAUSE_MS = 400;
  const AGAIN_MS = 5000;
  const OVER = new Set(["signed out", "gone", "not live"]);
  let source = null;
  let over = false;
  let wanted = false;
  let busy = false;

  const say = (what) => { if (words.textContent !== what) words.textContent = what; };

  function end(why) {
    over = true;
    stop();
    say(why);
  }

  async function refresh() {
    wanted = true;
    if (busy) return;
    busy = true;
    try {
      while (wanted) {
        wanted = false;
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        if (answer.redirected) return end("Not live: you are signed out. Load the page again.");
        if (answer.status === 404 || answer.status === 410) return end("Not live: this journey is no longer there.");
        if (!answer.ok) throw new Error("not to be had");
        swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
        if (source && source.readyState === EventSource.OPEN) say("Live");
        await new Promise((done) => setTimeout(done, PAUSE_MS));
      }
    } catch {
      say("Reconnecting");
    } finally {
      busy = false;
    }
  }

  const atEnd = (view) => view.scrollLeft + view.clientWidth >= view.scrollWidth - 2;

  function swap(fresh) {
    const chosen = document.querySelector("a.mark[aria-current]");
    for (const part of document.querySelectorAll("[data-fresh]")) {
      const newer = fresh.getElementById(part.id);
      if (!newer) continue;
      const followed = [...part.querySelectorAll(".scroll[data-from-the-end]")].filter(atEnd);
      become(part, newer);
      for (const view of followed) view.scrollLeft = view.scrollWidth;
    }
    const again = chosen && document.getElementById(chosen.id);
    if (again) again.setAttribute("aria-current", "true");
    document.dispatchEvent(new Event("fresh"));
  }

  function stop() {
    if (source) source.close();
    source = null;
  }

  function listen() {
    if (source || over) return;
    source = new EventSource(address);
    source.addEventListener("parts", (event) => {
      if ("journey" in JSON.parse(event.data)) refresh();
    });
    source.addEventListener("moved", refresh); // the customer was merged: their journey goes on with another's
    source.addEventListener("state", (event) => {
      const what = JSON.parse(event.data);
      over = OVER.has(what);
      if (over) stop();
      if (what === "live") { if (!busy) say("Live"); } else say(over ? "Not live" : "Reconnecting");
    });
    source.onerror = () => {
      say("Reconnecting");
      if (source && source.readyState === EventSource.CLOSED) {
        stop();
        refresh(); // which finds out whether somebody is signed in still
        setTimeout(() => { if (!document.hidden) listen(); }, AGAIN_MS);
      }
    };
  }

  document.addEventListener("visibilitychange", () => { if (document.hidden) stop(); else listen(); });
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  if (!document.hidden) listen(); // else when it comes to the front
})();
