/** News: changed rows, heads and counts take the place of those that are shown, and nothing moves under the pointer. */

import { byId, list, root, say } from "./page.js";
import { decorate, reload } from "./queue.js";

const seenVersion = new Map(); // row id: version of what it shows
let arrivals = []; // rows that would move what is under the pointer

/** Take over everything in the box by its id. An older answer that comes late changes no row. */
export function apply(box) {
  const version = Number(box.dataset.version) || 0;
  for (const fresh of [...box.querySelectorAll(":scope > [id]")]) {
    if (!fresh.matches("[data-row]")) takeOver(fresh);
    else if (version >= (seenVersion.get(fresh.id) ?? 0)) {
      seenVersion.set(fresh.id, version);
      takeRow(fresh);
    }
  }
  if (box.dataset.title) document.title = document.title.replace(/^.*(?= - [^-]*$)/, () => box.dataset.title);
  settleArrivals();
  root.dispatchEvent(new Event("tresen:changed"));
}

function takeOver(fresh) {
  const old = byId(fresh.id);
  // What can be pressed does not change under the pointer; the next answer brings it again.
  if (!old || (fresh.id === "deeds" && old.matches(":hover"))) return;
  replace(old, fresh);
}

function takeRow(fresh) {
  const old = byId(fresh.id) ?? arrivals.find((row) => row.id === fresh.id);
  if (!old) {
    if (fresh.dataset.tab !== root.dataset.tab) return; // of another part of the roster
    if (byId(`session-${fresh.dataset.session}`)) arrivals.push(fresh);
    else reload(); // a class that was not there yet
    return;
  }
  if (old.classList.contains("is-current")) fresh.classList.add("is-current");
  if (old.querySelector("details[open]")) fresh.querySelector("details")?.setAttribute("open", "");
  const [photo, freshPhoto] = [old.querySelector(".avatar"), fresh.querySelector(".avatar")];
  if (photo.isEqualNode(freshPhoto)) freshPhoto.replaceWith(photo); // it would flicker
  if (old.isConnected) replace(old, fresh);
  else arrivals[arrivals.indexOf(old)] = fresh;
  decorate(fresh.id);
}

/** The focus stays on the same thing. */
function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const one of old.querySelectorAll("details[open][id]")) fresh.querySelector(`#${one.id}`)?.setAttribute("open", "");
  old.replaceWith(fresh);
  if (!focused) return;
  if (focused === old) fresh.tabIndex = -1;
  const same = [...fresh.querySelectorAll("button, summary")].filter((one) => one.className === focused.className);
  const twin = same.find((one) => one.getAttribute("formaction") === focused.getAttribute("formaction"));
  (focused === old ? fresh : (twin ?? same[0] ?? fresh)).focus({ preventScroll: true });
}

/** Rows that are new slide in where nothing under the pointer moves; the others when the pointer has left. */
function settleArrivals({ all = false } = {}) {
  const held = [];
  const anchor = list.querySelector("[data-row]:hover") ?? list.querySelector(".is-current");
  const top = anchor?.getBoundingClientRect().top;
  for (const row of arrivals) {
    const section = byId(`session-${row.dataset.session}`);
    const after = [...section.querySelectorAll("[data-row]")].find((other) => other.dataset.order > row.dataset.order);
    const below = !anchor || (anchor.compareDocumentPosition(after ?? section.lastElementChild) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (!all && !below && list.matches(":hover")) {
      held.push(row);
      continue;
    }
    section.querySelector(".session-none")?.remove();
    row.classList.add("is-new");
    section.insertBefore(row, after ?? null);
  }
  arrivals = held;
  if (anchor) scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
  const chip = byId("arrived");
  chip.hidden = !held.length;
  chip.textContent = say("Arrived", held.length);
}

list.addEventListener("pointerleave", () => {
  settleArrivals();
  root.dispatchEvent(new Event("tresen:changed"));
});
byId("arrived").addEventListener("click", () => {
  settleArrivals({ all: true });
  root.dispatchEvent(new Event("tresen:changed"));
});
