/**
 * The strips above a list that come anew by themselves: what was opened stays open, and nothing goes from under the
 * pointer. What was answered here goes at once.
 */

const KEPT = "tresen strips"; // the page may come anew, too
const opened = new Set(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));
let waits = false;

const strip = () => document.getElementById("at-risk");
const isBusy = () => Boolean(strip().querySelector("details[open]:hover")) || strip().contains(document.activeElement);
const ask = () => htmx.ajax("GET", strip().getAttribute("hx-get"), { target: strip(), swap: "outerHTML" });

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.matches(".strip")) return;
    if (target.open) opened.add(target.id);
    else opened.delete(target.id);
    sessionStorage.setItem(KEPT, JSON.stringify([...opened]));
  },
  true,
);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id !== "at-risk") return; // asked by hand, or the answer to a card
  waits = isBusy();
  if (waits) event.preventDefault();
});

function open() {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
}

open();
document.addEventListener("htmx:afterSwap", open);

for (const leaving of ["pointerout", "focusout"]) {
  document.addEventListener(leaving, () => setTimeout(() => waits && !isBusy() && ((waits = false), ask())));
}

document.getElementById("reception").addEventListener("tresen:settled", () => strip().hasAttribute("hx-trigger") && ask());
