// Brings the page of operations up to date every few seconds, part by part: only what changed is put in its place,
// focus and place on the page stay where they are, and what does not answer is said to.
"use strict";
{
  const WAIT_MS = 10_000;
  const now = document.getElementById("now");
  const freshness = document.getElementById("freshness");
  const pause = document.getElementById("pause");
  const every = 1000 * Number(now.dataset.every);
  let paused = false;
  let looking = false;
  let timer = 0;

  const say = (words, tone) => {
    if (freshness.textContent !== words) freshness.textContent = words;
    freshness.className = `badge ${tone}`;
  };

  const put = (part) => {
    const old = document.getElementById(part.id);
    if (old) become(old, part);
  };

  const look = async () => {
    const answer = await fetch(now.dataset.from, { signal: AbortSignal.timeout(WAIT_MS), redirect: "error" });
    if (answer.status === 401) return "You are signed out: load the page again.";
    if (!answer.ok) return "The console could not look; it tries again.";
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of [...parsed.body.children]) if (part.id) put(part);
    return "";
  };

  const again = async () => {
    clearTimeout(timer);
    if (looking) return;
    looking = true;
    if (!paused && !document.hidden) {
      let problem;
      try {
        problem = await look();
      } catch {
        problem = "The console does not answer; it is tried again.";
      }
      now.classList.toggle("stale", Boolean(problem));
      if (!paused) say(problem || "kept up to date", problem ? "bad" : "good");
    }
    looking = false;
    timer = setTimeout(again, every);
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    if (paused) say("paused", "warn");
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) again();
  });
  timer = setTimeout(again, every);
}
