/** Keys of the bookings page: days, and Enter where a class is the current row. All of it is there as links too. */

const days = [...document.querySelectorAll("[data-day]")];

function step(by) {
  const now = window.tresen.currentRow()?.closest("[data-day]");
  const at = now ? days.indexOf(now) : days.findIndex((day) => day.getBoundingClientRect().bottom > 60);
  const day = days[Math.min(Math.max(at + by, 0), days.length - 1)];
  if (!day) return;
  day.scrollIntoView();
  window.tresen.markRow(day.querySelector("[data-row]"), { focus: true });
}

function add() {
  const session = window.tresen.currentRow()?.closest("details.session") ?? document.querySelector("details.session[open]");
  session?.querySelector("[data-add]")?.click();
}

window.tresen.key("a", add);
window.tresen.key("ArrowLeft", () => step(-1));
window.tresen.key("ArrowRight", () => step(1));
window.tresen.key("t", () => days.length && step(-days.length));
