/**
 * The roster beside its list: one person's panel, the search for somebody to add, what was ticked at once. The list
 * itself is reception.js's. Without this, each of them is a page of its own by its address.
 */

const panelOf = () => document.getElementById("panel");

async function show(address) {
  await htmx.ajax("GET", address, { target: panelOf(), swap: "outerHTML" });
  const panel = panelOf();
  if (panel.hidden) return;
  (panel.querySelector("[autofocus]") ?? panel).focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
}

function close() {
  const panel = panelOf();
  const person = panel.querySelector("[data-person]")?.dataset.person;
  panel.replaceChildren();
  panel.hidden = true;
  const row = person && document.getElementById(`reservation-${person}`);
  if (row) window.tresen.markRow(row, { focus: true });
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey) return;
  const opener = event.target.closest("a[data-panel]");
  const closer = event.target.closest("#panel [data-close]");
  if (!opener && !closer) return;
  event.preventDefault();
  if (closer) close();
  else show(opener.href);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !panelOf().contains(document.activeElement)) return;
  event.preventDefault();
  close();
});

/* Somebody was chosen: the way on has the focus. */
document.addEventListener("htmx:afterSettle", (event) => {
  if (panelOf().contains(event.target)) panelOf().querySelector("#bookable [name=deed]")?.focus();
});

/* What was done to the person in the panel shows there too. */
document.getElementById("reception").addEventListener("tresen:settled", (event) => {
  const person = panelOf().querySelector("[data-person]")?.dataset.person;
  if (person && event.detail.row === `reservation-${person}`) {
    htmx.ajax("GET", `?person=${person}`, { target: panelOf(), swap: "outerHTML" });
  }
  const undone = document.querySelector(`#ticked [data-reservation="${event.detail.row.replace("reservation-", "")}"]`);
  undone?.closest("li").remove();
});

document.getElementById("print")?.addEventListener("click", () => print());
