/**
 * What every screen shares: keys, the current row, toasts, menus. Screens work without it.
 *
 * Keys are written in the markup: data-key="n" presses (or, for a field, focuses) that element. Inside a [data-row] a
 * key acts on the current row only. "g b" is g, then b. Names as in KeyboardEvent.key, but "Space". docs/look.md has all.
 *
 * Page modules come after this one and use window.tresen. They do not import it: the address of a static file carries
 * its hash, so an import by the plain name would load a second copy with its own keys.
 */

const TOAST_MS = 10_000;
const SEQUENCE_MS = 1_500;
const HELD_MS = 250;
const KEYS_OFF = "tresen_keys=off";

const isField = (element) => element?.matches?.("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select, [contenteditable]");
const isShown = (element) => element.getClientRects().length > 0;
const rows = () => [...document.querySelectorAll("[data-row]")].filter(isShown);
const last = (list) => list[list.length - 1];

/* Current row: marked by a class, so that the cursor can stay in the search field. */

let currentId = "";

const currentRow = () => document.querySelector("[data-row].is-current") ?? document.activeElement?.closest?.("[data-row]");

function markRow(row, { focus = false } = {}) {
  document.querySelectorAll("[data-row].is-current").forEach((other) => other !== row && other.classList.remove("is-current"));
  currentId = row?.id ?? "";
  if (!row) return;
  row.classList.add("is-current");
  row.scrollIntoView({ block: "nearest" });
  if (focus) {
    if (row.tabIndex < 0) row.tabIndex = -1;
    row.focus({ preventScroll: true });
  } else {
    announce(row.getAttribute("aria-label") ?? row.querySelector(".row-name")?.textContent.trim() ?? "");
  }
}

function moveRow(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(currentRow());
  const to = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  markRow(all[to], { focus: !isField(document.activeElement) });
}

function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/* Keys */

const keysAreOff = () => document.cookie.split("; ").includes(KEYS_OFF);

function nameOf(event) {
  if (event.key === " ") return "Space";
  // With Alt some layouts make another sign of the letter: the physical key says which one was meant.
  if (event.altKey && /^Key[A-Z]$/.test(event.code)) return event.code.slice(3).toLowerCase();
  if (event.altKey && /^Digit\d$/.test(event.code)) return event.code.slice(5);
  return event.key;
}

function targetOf(name) {
  const selector = `[data-key="${CSS.escape(name)}"]`;
  const inRow = currentRow()?.querySelector(selector);
  return inRow ?? last([...document.querySelectorAll(selector)].filter((element) => isShown(element) && !element.closest("[data-row]")));
}

function press(element) {
  if (isField(element)) {
    element.focus();
    element.select?.();
  } else {
    if (element.tagName === "SUMMARY") element.focus();
    element.click();
  }
}

const ownKeys = new Map([
  ["j", () => moveRow(1)],
  ["k", () => moveRow(-1)],
  ["ArrowDown", () => moveRow(1)],
  ["ArrowUp", () => moveRow(-1)],
]);

/** For keys that have no element to press: tresen.key("x", () => …). A data-key of the same name comes first. */
function key(name, action) {
  ownKeys.set(name, action);
}

let sequence = "";
let sequenceTimer = 0;

function act(name) {
  const whole = sequence ? `${sequence} ${name}` : name;
  sequence = "";
  clearTimeout(sequenceTimer);
  const target = targetOf(whole);
  if (target) press(target);
  else if (ownKeys.has(whole)) ownKeys.get(whole)();
  else if (!whole.includes(" ") && document.querySelector(`[data-key^="${CSS.escape(name)} "]`)) {
    sequence = name;
    sequenceTimer = setTimeout(() => (sequence = ""), SEQUENCE_MS);
  } else return false;
  return true;
}

function escape() {
  const open = last([...document.querySelectorAll("details[data-menu][open]")]);
  const field = document.activeElement;
  if (open) closeMenu(open);
  else if (isField(field) && field.type === "search" && field.value) {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (isField(field)) {
    field.blur();
    if (currentRow()) markRow(currentRow(), { focus: true });
  }
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (event.key === "Escape") return escape();
  if (["Alt", "AltGraph", "Shift"].includes(event.key)) return; // on its own it is no key, and ends no sequence
  const name = nameOf(event);
  const active = document.activeElement;
  const typing = isField(active);
  const single = name.length === 1;
  if (active?.closest?.("dialog, details[data-menu][open]") && !single) return;
  if (single && !event.altKey && (typing || keysAreOff())) return;
  if (!single) {
    // Enter and Space belong to what has the focus, and arrows to a field of several lines or choices.
    if (["Enter", "Space"].includes(name) && (name === "Space" ? typing : typing && active.type !== "search")) return;
    if (["Enter", "Space"].includes(name) && active?.matches("a, button, summary, input:not([type=search])")) return;
    if (name === "Backspace" && typing) return;
    if (name.startsWith("Arrow") && typing && !active.matches("input[type=search]")) return;
    if (event.shiftKey && name !== "Enter") return;
  }
  if (name === "?" && !event.altKey && targetOf(name)) {
    event.preventDefault();
    return ask(event);
  }
  if (act(single && event.shiftKey && /[A-Z]/.test(name) ? `Shift+${name}` : name)) event.preventDefault();
});

/* `?`, pressed shortly, opens the list of keys; while it is held, everything that has a key shows it beside itself. */
let asked = null;

function ask(event) {
  if (event.repeat || asked) return;
  asked = { code: event.code, timer: setTimeout(() => document.documentElement.classList.add("show-keys"), HELD_MS) };
}

function asksNoMore(opens) {
  if (!asked) return;
  const wasHeld = document.documentElement.classList.contains("show-keys");
  clearTimeout(asked.timer);
  asked = null;
  document.documentElement.classList.remove("show-keys");
  if (opens && !wasHeld) act("?");
}

// By its place: whoever lets go of Shift first gets another sign when the key comes up.
document.addEventListener("keyup", (event) => event.code === asked?.code && asksNoMore(true));
addEventListener("blur", () => asksNoMore(false));

const keysSwitch = document.getElementById("keys-switch");
if (keysSwitch) {
  keysSwitch.checked = !keysAreOff();
  keysSwitch.addEventListener("change", () => {
    document.cookie = `${KEYS_OFF}; path=/; samesite=lax; max-age=${keysSwitch.checked ? 0 : 365 * 24 * 3600}`;
  });
}

/* Menus are <details>: here they learn to close. */

function closeMenu(menu) {
  const hadFocus = menu.contains(document.activeElement);
  menu.open = false;
  if (hadFocus) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  document.querySelectorAll("details[data-menu][open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
});

document.addEventListener("focusin", (event) => {
  document.querySelectorAll("details[data-menu][open]").forEach((menu) => menu.contains(event.target) || (menu.open = false));
});

/* Toasts stay ten seconds, longer while the pointer or the focus is on them. */

const toasts = document.getElementById("toasts");

function letGo(toast) {
  let timer = 0;
  const start = () => (timer = setTimeout(() => toast.remove(), TOAST_MS));
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("pointerleave", () => toast.contains(document.activeElement) || start());
  toast.addEventListener("focusout", () => toast.matches(":hover") || start());
  toast.addEventListener("htmx:afterRequest", (event) => event.detail.successful && toast.remove());
  start();
}

/** Say what happened. With `undo`, a function, the toast carries Undo and its key. Returns the element. */
function toast(text, { undo } = {}) {
  const element = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  element.querySelector(".toast-text").textContent = text;
  const button = element.querySelector("[data-undo]");
  if (undo) {
    button.addEventListener("click", () => {
      element.remove();
      undo();
    });
  } else button.remove();
  toasts.append(element);
  return element;
}

new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node.matches?.("[data-toast]")) letGo(node);
  // Three at most: what is older stands in the list of last actions.
  while (toasts.childElementCount > 3) toasts.firstElementChild.remove();
}).observe(toasts, { childList: true });

/* Rows keep their mark, and forms show their errors, after htmx has changed the page. */

document.addEventListener("htmx:afterSettle", () => {
  if (currentId) document.getElementById(currentId)?.classList.add("is-current");
  document.querySelector("[data-form-errors]")?.focus();
});
document.querySelector("[data-form-errors]")?.focus();

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-row]");
  if (row && row.id && row.id !== currentId) {
    document.querySelectorAll("[data-row].is-current").forEach((other) => other.classList.remove("is-current"));
    currentId = row.id;
    row.classList.add("is-current");
  }
});

window.tresen = Object.freeze({ key, toast, announce, markRow, currentRow });
