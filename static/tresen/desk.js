/**
 * Locks the desk when nobody has touched this browser for as long as the studio says. All tabs share one clock, so that
 * work in one keeps the others open.
 */

const form = document.querySelector("[data-lock]");
const limit = Number(form?.dataset.after) * 60_000;
const TOUCHED = "tresen touched";
const NOTED_EVERY = 1_000;

let noted = 0;

function touch() {
  const now = Date.now();
  if (now - noted < NOTED_EVERY) return;
  noted = now;
  localStorage.setItem(TOUCHED, String(now));
}

if (limit) {
  touch();
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(kind, touch, { passive: true });
  setInterval(() => {
    if (Date.now() - Number(localStorage.getItem(TOUCHED)) >= limit) form.requestSubmit();
  }, NOTED_EVERY);
}
