/**
 * Finding people at the counter: search as one types, filters, keys, scanner, privacy. Beside reception.js.
 *
 * Keys: Enter checks in the one who is found, 1 to 9 jump to a class, x and * filter, p hides names. Shell.js has the rest.
 */

const SCAN_MS = 30; // no person types this fast
const SCAN_LENGTH = 4;
const REVEAL_MS = 10_000;
const HOLD_MS = 600;

const root = document.getElementById("reception");
const list = document.getElementById("list");
const finished = document.getElementById("finished");
const search = document.querySelector(".search input");
const { key, toast, announce, markRow, currentRow } = window.tresen;
const say = (name, value = "") => root.dataset[`say${name}`].replace("%s", value);
const rows = () => [...list.querySelectorAll("[data-row]")];
const shown = () => rows().filter((row) => row.getClientRects().length > 0);

/* Search and filters */

// As `plain` in bookings/views: what has no decomposition into letter and accent.
const LETTERS = { ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", æ: "ae", œ: "oe", ı: "i", ß: "ss" };
const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[øłđðþæœıß]/g, (sign) => LETTERS[sign]);

const chips = [...document.querySelectorAll("[data-filter]")];
const filter = () => chips.find((chip) => chip.getAttribute("aria-current"))?.dataset.filter ?? "";
const FILTERS = { missing: (row) => "missing" in row.dataset, new: (row) => "new" in row.dataset };

function sift() {
  const typed = plain(search.value).trim();
  const words = typed.split(/\s+/).filter(Boolean);
  const digits = /^[\d\s()+./-]{3,}$/.test(typed) ? typed.replace(/\D/g, "") : "";
  const fits = FILTERS[filter()] ?? (() => true);
  root.classList.toggle("is-searching", words.length > 0);
  for (const row of rows()) {
    const { find } = row.dataset;
    row.hidden = !(fits(row) && (words.every((word) => find.includes(word)) || (digits && find.includes(digits))));
  }
  const used = words.length > 0 || filter() !== "";
  for (const session of list.querySelectorAll(".session")) {
    session.hidden = used && !session.querySelector("[data-row]:not([hidden], .is-gone)") && !(words.length && session.querySelector("[data-row]:not([hidden])"));
  }
  const within = (finished?.querySelectorAll("[data-row]:not([hidden])").length ?? 0) > 0;
  if (used && within && words.length) finished.open = true;
  document.getElementById("nobody").hidden = !used || shown().length > 0;
  return used;
}

function typed() {
  sift();
  const found = shown();
  if (!search.value.trim()) return markRow(null);
  markRow(found.length === 1 ? found[0] : null);
  if (found.length !== 1) announce(found.length ? say("Found", found.length) : say("None"));
}

search.addEventListener("input", typed);
search.form.addEventListener("submit", (event) => event.preventDefault());
root.addEventListener("tresen:changed", sift);

document.addEventListener("click", (event) => {
  const chip = event.target.closest?.("[data-filter]");
  if (!chip) return;
  event.preventDefault();
  const wanted = chip.getAttribute("aria-current") ? "" : chip.dataset.filter;
  for (const one of chips) {
    if (one.dataset.filter === wanted && wanted) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
  const address = new URL(location.href);
  if (wanted) address.searchParams.set("show", wanted);
  else address.searchParams.delete("show");
  history.replaceState(null, "", address);
  sift();
});

/* Ticking by key: Enter only ever checks in; taking back is Space, the tick, or Undo. */

function checkIn(row) {
  if ("missing" in row.dataset) row.querySelector(".tick:not(:disabled)")?.click();
  else if ("in" in row.dataset) toast(say("In", row.querySelector(root.classList.contains("is-private") ? ".brief" : ".full").textContent));
}

function enterInSearch() {
  const found = shown();
  const marked = currentRow();
  if (search.value.trim() && found.length === 1) checkIn(found[0]);
  else if (marked && found.includes(marked)) checkIn(marked);
  else return announce(found.length ? say("Many", found.length) : say("None"));
  search.select();
}

key("Enter", () => currentRow() && checkIn(currentRow()));

for (let number = 1; number <= 9; number += 1) {
  key(String(number), () => {
    const session = [...list.querySelectorAll(":scope > .session:not([hidden])")][number - 1];
    const first = session?.querySelector("[data-row]:not([hidden], .is-gone)");
    if (first) markRow(first, { focus: true });
    session?.scrollIntoView({ block: "start" });
  });
}

/* Scanner: a keyboard that is faster than a person, wherever the focus is. */

const replayed = new WeakSet();
let burst = [];
let before = "";
let release = 0;

const isField = (element) => element?.matches?.("input:not([type=checkbox], [type=radio]), textarea, select");

addEventListener(
  "keydown",
  (event) => {
    if (replayed.has(event) || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const fast = burst.length > 0 && event.timeStamp - burst.at(-1).timeStamp < SCAN_MS;
    if (event.key === "Enter") {
      const code = burst.map((one) => one.key).join("");
      clearTimeout(release);
      if (fast && burst.length >= SCAN_LENGTH) {
        event.preventDefault();
        event.stopImmediatePropagation();
        burst = [];
        if (document.activeElement === search) {
          search.value = before;
          typed();
        }
        return scan(code);
      }
      letGo();
      if (document.activeElement === search) {
        event.preventDefault();
        event.stopImmediatePropagation();
        enterInSearch();
      }
      return;
    }
    if (event.key.length !== 1) return letGo();
    if (!fast) {
      letGo();
      before = search.value;
    }
    // Outside of fields letters do things: they are held until it is sure that a person pressed them.
    const isHeld = !isField(document.activeElement) && (fast || event.key !== " ");
    const { key, code, shiftKey, timeStamp, target } = event;
    burst.push({ key, code, shiftKey, timeStamp, target: isHeld ? target : null });
    if (isHeld) {
      clearTimeout(release);
      release = setTimeout(letGo, SCAN_MS + 10);
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);

function letGo() {
  clearTimeout(release);
  const held = burst;
  burst = [];
  for (const { target, ...key } of held) {
    if (!target) continue;
    const event = new KeyboardEvent("keydown", { ...key, bubbles: true, cancelable: true });
    replayed.add(event);
    (target.isConnected ? target : document.body).dispatchEvent(event);
  }
}

document.addEventListener("tresen:let-go", letGo);

function scan(code) {
  const wanted = code.toLowerCase();
  let found = rows().filter((row) => row.dataset.number.toLowerCase() === wanted);
  if (!found.length) found = rows().filter((row) => row.id === `reservation-${code}`);
  const missing = found.filter((row) => "missing" in row.dataset);
  const row = missing.find((one) => !finished?.contains(one)) ?? missing[0] ?? found[0];
  if (!row) return toast(say("Nobody", code));
  if (row.hidden || row.classList.contains("is-gone")) {
    search.value = "";
    sift();
  }
  if (finished?.contains(row)) finished.open = true;
  markRow(row);
  checkIn(row);
}

/* Privacy: initials on a screen that the queue can see. */

const privacy = document.getElementById("privacy");
privacy.hidden = false;
privacy.addEventListener("click", () => {
  const on = root.classList.toggle("is-private");
  privacy.setAttribute("aria-pressed", String(on));
  document.cookie = `${root.dataset.privateCookie}=1; path=/; samesite=lax; max-age=${on ? 365 * 24 * 3600 : 0}`;
});

function reveal(row) {
  if (!row || !root.classList.contains("is-private")) return;
  row.classList.add("is-revealed");
  setTimeout(() => document.getElementById(row.id)?.classList.remove("is-revealed"), REVEAL_MS);
}

list.addEventListener("dblclick", (event) => event.target.closest("button, summary") ?? reveal(event.target.closest("[data-row]")));
list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  if (!button) return;
  button.closest("details").open = false;
  reveal(button.closest("[data-row]"));
});

let hold = 0;
list.addEventListener("pointerdown", (event) => {
  const row = event.target.closest("button, summary") ? null : event.target.closest("[data-row]");
  hold = setTimeout(() => reveal(row), HOLD_MS);
});
for (const end of ["pointerup", "pointercancel", "pointerleave"]) list.addEventListener(end, () => clearTimeout(hold));

sift();
