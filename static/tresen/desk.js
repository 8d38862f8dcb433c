/**
 * Locks the desk: by its button or key, and when nobody has touched this browser for as long as the studio says. All
 * tabs share one clock, so that work in one keeps the others open. Without a connection the page stays as it is.
 */

const form = document.querySelector("[data-lock]");
const limit = Number(form.dataset.after) * 60_000; // 0: never by itself
const TOUCHED = "tresen touched";
const LOOK_EVERY = 1_000;
const AGAIN_AFTER = 15_000;

let noted = 0;
let tried = 0;

function touch() {
  const now = Date.now();
  if (now - noted < LOOK_EVERY) return;
  noted = now;
  localStorage.setItem(TOUCHED, String(now));
}

/** Ask the server to lock; the page then leads to the lock and back. */
async function lock() {
  tried = Date.now();
  try {
    await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
  } catch {
    window.tresen.toast(form.dataset.failed);
    return;
  }
  document.dispatchEvent(new Event("tresen:leave"));
  location.assign(location.pathname + location.search);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  lock();
});

if (limit) {
  touch();
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(kind, touch, { passive: true });
  setInterval(() => {
    const now = Date.now();
    if (now - Number(localStorage.getItem(TOUCHED)) >= limit && now - tried >= AGAIN_AFTER) lock();
  }, LOOK_EVERY);
}
