// What every page does beyond what the browser does by itself: a form that was sent is not sent twice.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return; // a search may be asked again
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  // Who stopped it, or got no answer, may press again: its id lets it be done once.
  setTimeout(() => { delete form.dataset.sent; }, 10000);
});
// A page that comes back out of the browser's memory may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
