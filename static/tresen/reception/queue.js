/**
 * What is on its way to the server or waits for it, kept in this tab (sessionStorage) over a reload; and leaving the page.
 */

import { byId, root } from "./page.js";

const { announce } = window.tresen;

/** Items {id, url, row, fields}: those being sent by their row's id, those that wait in their order. */
export const queue = {
  inFlight: new Map(),
  waiting: JSON.parse(sessionStorage.getItem(root.dataset.keep) ?? "[]"),
};

export function keep(item) {
  if (!queue.waiting.includes(item)) queue.waiting.push(item);
  store();
  decorate(item.row);
  announce(byId("waiting-chip").content.textContent.trim());
}

export function forget(item) {
  queue.waiting = queue.waiting.filter((one) => one !== item);
  store();
}

function store() {
  sessionStorage.setItem(root.dataset.keep, JSON.stringify(queue.waiting));
  root.dispatchEvent(new Event("tresen:queue"));
}

let leaving = false; // by ourselves: what waits is in sessionStorage and comes back with the page

addEventListener("beforeunload", (event) => {
  if (!leaving && (queue.waiting.length || queue.inFlight.size)) event.preventDefault();
});

export function reload() {
  leaving = true;
  location.reload();
}

/** Leave for another page of ours: nobody has to be asked, for what is on its way comes back with this page. */
function leave() {
  leaving = true;
  sessionStorage.setItem(root.dataset.keep, JSON.stringify([...new Set([...queue.waiting, ...queue.inFlight.values()])]));
}

/** The desk was locked, in this tab or another: the list is covered. */
export function cover(response) {
  leave();
  location.assign(`${response.headers.get("HX-Redirect")}?${new URLSearchParams({ next: location.pathname + location.search })}`);
}

document.addEventListener("tresen:leave", leave);
document.addEventListener("click", (event) => event.target.closest("[data-leave]") && leave());

/** Show on the row what is on its way: nothing, saving, or waiting here. */
export function decorate(rowId) {
  const row = byId(rowId);
  if (!row) return;
  const kept = queue.waiting.some((item) => item.row === rowId);
  const saving = queue.inFlight.has(rowId) && !kept;
  row.classList.toggle("is-saving", saving);
  row.classList.toggle("is-waiting", kept);
  const tick = row.querySelector(".tick");
  if (saving || kept) tick?.setAttribute("aria-busy", "true");
  else tick?.removeAttribute("aria-busy");
  row.querySelector(".state-waiting-here")?.remove();
  if (kept) row.querySelector(".row-state").append(byId("waiting-chip").content.cloneNode(true));
}
