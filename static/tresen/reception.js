/**
 * The list at the counter, live: ticks are sent, kept when they cannot be sent, and news of other tabs come in.
 *
 * A tick is done when the server has said so and never before. Each has an id made here; a retry repeats it, so that a
 * tick whose answer was lost is still done once. What waits is kept in this tab (sessionStorage) over a reload.
 * reception_find.js, beside it, is search, keys, scanner and privacy; it hears of changes by "tresen:changed".
 */

const POLL_MS = 2_000;
const REFUSED_POLL_MS = 10_000;
const TIMEOUT_MS = 8_000;
const LIVE_MS = 6_000;
const OLD_MS = 60_000;
// Answers that come from before our code: the server is away, starting or overrun. The action may be sent again.
const AWAY = new Set([408, 425, 429, 502, 503, 504]);
const LOCKED = 423; // the desk is locked: someone says first who they are

const root = document.getElementById("reception");
const list = document.getElementById("list");
const act = document.getElementById("act");
const { toast, announce } = window.tresen;
const say = (key, value = "") => root.dataset[`say${key}`].replace("%s", value);
const byId = (id) => document.getElementById(id);

/* Sending */

let token = act.elements.csrfmiddlewaretoken.value;
const inFlight = new Map(); // row id: item
let waiting = JSON.parse(sessionStorage.getItem(root.dataset.keep) ?? "[]"); // items {id, url, row, fields}, in their order
const state = { loggedOut: false, refused: false };

/** A version 4 UUID; crypto.randomUUID is missing on plain http. */
function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function send(url, row, fields = {}) {
  if (inFlight.has(row)) return;
  const kept = waiting.find((item) => item.row === row);
  if (kept) return takeBack(kept);
  deliver({ id: makeId(), url, row, fields });
}

async function deliver(item) {
  inFlight.set(item.row, item);
  decorate(item.row);
  const response = await post(item);
  inFlight.delete(item.row);
  if (response === null || response.type === "opaqueredirect" || response.status === LOCKED || AWAY.has(response.status)) {
    state.loggedOut = response?.type === "opaqueredirect";
    keep(item);
    if (response?.status === LOCKED) cover(response);
    return false;
  }
  forget(item);
  await settle(item, response);
  return true;
}

/** The answer; null when there was none. A token that went stale (someone logged in again) is renewed once. */
async function post(item) {
  const ask = () =>
    fetch(item.url, {
      method: "POST",
      headers: { "HX-Request": "true" }, // the server answers with a fragment, not with a redirect
      // `as` says whose rows the answer is to hold: the counter's or a roster's.
      body: new URLSearchParams({ csrfmiddlewaretoken: token, action_id: item.id, as: root.dataset.as ?? "counter", ...item.fields }),
      redirect: "manual", // a redirect leads to the login
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  try {
    const response = await ask();
    if (response.status !== 403) return response;
    const page = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (page.type === "opaqueredirect") return page;
    const fresh = parse(await page.text()).querySelector("#act [name=csrfmiddlewaretoken]")?.value;
    if (!fresh) return response;
    token = fresh;
    return await ask();
  } catch {
    return null;
  }
}

async function settle(item, response) {
  decorate(item.row);
  if ([200, 400, 409].includes(response.status)) {
    const box = parse(await response.text()).body.firstElementChild;
    const words = discreet(box.querySelector("p").textContent, item.row);
    const { undo } = box.dataset;
    apply(box);
    toast(words, undo ? { undo: () => send(undo, item.row) } : {});
  } else {
    toast(say(response.status === 403 || response.status === 404 ? "Rights" : "Failed"));
  }
  state.loggedOut = false;
  showNotices();
  root.dispatchEvent(new CustomEvent("tresen:settled", { detail: item }));
  pollNow();
}

/** With initials instead of the name while privacy is on. */
function discreet(words, rowId) {
  const row = byId(rowId);
  if (!row || !root.classList.contains("is-private")) return words;
  return words.replace(row.querySelector(".full").textContent, row.querySelector(".brief").textContent);
}

/* Waiting */

function keep(item) {
  if (!waiting.includes(item)) waiting.push(item);
  store();
  decorate(item.row);
  announce(byId("waiting-chip").content.textContent.trim());
}

function forget(item) {
  waiting = waiting.filter((one) => one !== item);
  store();
}

function takeBack(item) {
  forget(item);
  decorate(item.row);
  toast(say("Back", discreet(byId(item.row)?.getAttribute("aria-label") ?? "", item.row)));
}

function store() {
  sessionStorage.setItem(root.dataset.keep, JSON.stringify(waiting));
  showNotices();
}

let sending = false;

async function sendWaiting() {
  if (sending) return;
  sending = true;
  for (const item of [...waiting]) if (!(await deliver(item))) break;
  sending = false;
}

let leaving = false; // by ourselves: what waits is in sessionStorage and comes back with the page

addEventListener("beforeunload", (event) => {
  if (!leaving && (waiting.length || inFlight.size)) event.preventDefault();
});

function reload() {
  leaving = true;
  location.reload();
}

/** Leave for another page of ours: nobody has to be asked, for what is on its way comes back with this page. */
function leave() {
  leaving = true;
  sessionStorage.setItem(root.dataset.keep, JSON.stringify([...new Set([...waiting, ...inFlight.values()])]));
}

/** The desk was locked, in this tab or another: the list is covered. */
function cover(response) {
  leave();
  location.assign(`${response.headers.get("HX-Redirect")}?${new URLSearchParams({ next: location.pathname + location.search })}`);
}

document.addEventListener("tresen:leave", leave);
document.addEventListener("click", (event) => event.target.closest("[data-leave]") && leave());

/** Show on the row what is on its way: nothing, saving, or waiting here. */
function decorate(rowId) {
  const row = byId(rowId);
  if (!row) return;
  const kept = waiting.some((item) => item.row === rowId);
  const saving = inFlight.has(rowId) && !kept;
  row.classList.toggle("is-saving", saving);
  row.classList.toggle("is-waiting", kept);
  const tick = row.querySelector(".tick");
  if (saving || kept) tick?.setAttribute("aria-busy", "true");
  else tick?.removeAttribute("aria-busy");
  row.querySelector(".state-waiting-here")?.remove();
  if (kept) row.querySelector(".row-state").append(byId("waiting-chip").content.cloneNode(true));
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  const form = event.target;
  const url = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? "";
  // Other addresses are pages' own and lead back here by themselves.
  if (!(form === act || form.matches("[data-act]")) || !/\/(reservations|events)\/\d+\//.test(url)) return;
  event.preventDefault();
  const id = button.dataset.reservation;
  button.closest("details[data-menu]")?.removeAttribute("open");
  const fields = button.name && button.name !== "action_id" ? { [button.name]: button.value } : {};
  send(url, id ? `reservation-${id}` : button.closest("[data-row]").id, fields);
});

/* News */

const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const seenVersion = new Map(); // row id: version of what it shows
let arrivals = []; // rows that would move what is under the pointer

/** Take over everything in the box by its id. An older answer that comes late changes no row. */
function apply(box) {
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

/** A class that has ended goes to the finished ones by a fresh page, when nobody is at work on this one. */
function tidy() {
  const isBusy =
    list.matches(":hover") ||
    list.contains(document.activeElement) ||
    root.classList.contains("is-searching") ||
    document.querySelector(".toast") ||
    waiting.length ||
    inFlight.size;
  if (!isBusy && list.querySelector(":scope > .session [data-over]")) reload();
}

list.addEventListener("pointerleave", () => {
  settleArrivals();
  root.dispatchEvent(new Event("tresen:changed"));
});
byId("arrived").addEventListener("click", () => {
  settleArrivals({ all: true });
  root.dispatchEvent(new Event("tresen:changed"));
});

/* Asking */

let seen = { version: root.dataset.version, at: root.dataset.at };
let seenAt = Date.now(); // when the server answered last, by our clock
let serverAhead = Date.parse(seen.at) - Date.now();
let failing = false;
let timer = 0;
let asking = false;
let stale = false; // the classes are others than what is shown
let again = false;

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  again = false;
  failing = !(await askOnce());
  asking = false;
  showLive();
  showNotices();
  if (!failing && !state.loggedOut && !state.refused && waiting.length) sendWaiting();
  timer = setTimeout(poll, again ? 0 : state.refused ? REFUSED_POLL_MS : POLL_MS);
}

const pollNow = poll;

/** Whether the server answered at all, be it with a no. */
async function askOnce() {
  const url = `${root.dataset.changes}&${new URLSearchParams({ since: seen.version, at: seen.at })}`;
  try {
    const headers = { "HX-Request": "true" }; // the server answers a script: no page, no redirect when locked
    const response = await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === LOCKED) {
      cover(response);
      return true;
    }
    state.loggedOut = response.type === "opaqueredirect";
    state.refused = response.status === 403 || response.status === 404;
    if (state.loggedOut || state.refused) return true;
    if (![200, 204, 205].includes(response.status)) return false;
    if (response.status === 200) apply(parse(await response.text()).body.firstElementChild);
    seen = { version: response.headers.get("Tresen-Version"), at: response.headers.get("Tresen-At") };
    seenAt = Date.now();
    serverAhead = Date.parse(seen.at) - seenAt;
    if (response.status === 205) stale = true;
    if (stale) refresh();
    else tidy();
    return true;
  } catch {
    return false;
  }
}

document.addEventListener("visibilitychange", poll);
addEventListener("online", poll);
document.addEventListener("tresen:poll", poll); // something was done by other means than a tick
addEventListener("pageshow", (event) => event.persisted && poll());

/** A fresh page, when nobody is in the middle of something: typing, a dialog, a tick on its way. */
function refresh() {
  const typing = document.activeElement?.matches("input, textarea, select") && document.activeElement.value;
  if (!typing && !document.querySelector("dialog[open]") && !inFlight.size) reload();
}

/* What the header and the banners say */

const live = byId("live");
const clockOf = (moment, parts) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: root.dataset.zone, ...parts }).format(moment + serverAhead);
const day = byId("live-clock").textContent.replace(/[^,]*$/, "");

function showLive() {
  const isLive = Date.now() - seenAt < LIVE_MS && !state.loggedOut && !state.refused;
  live.classList.remove("is-still");
  live.classList.toggle("is-old", !isLive);
  const seconds = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const word = isLive ? say("Live") : say("Updated", clockOf(seenAt, seconds));
  const time = `${day} ${clockOf(Date.now(), { hour: "2-digit", minute: "2-digit" })}`;
  if (byId("live-word").textContent !== word) byId("live-word").textContent = word;
  if (byId("live-clock").textContent !== time) byId("live-clock").textContent = time;
}

function showNotices() {
  const found = [];
  if (state.loggedOut) found.push(["error", say("Login"), true]);
  if (state.refused) found.push(["error", say("Rights")]);
  if (failing && Date.now() - seenAt > OLD_MS) {
    found.push(["error", say("Old", clockOf(seenAt, { hour: "2-digit", minute: "2-digit", second: "2-digit" }))]);
  }
  if (waiting.length) found.push(["warning", waiting.length === 1 ? say("WaitingOne") : say("Waiting", waiting.length)]);
  const box = byId("notices");
  const key = JSON.stringify(found);
  if (box.dataset.shown === key) return;
  box.dataset.shown = key;
  box.replaceChildren(
    ...found.map(([kind, words, withLogin]) => {
      const banner = document.createElement("div");
      banner.className = `banner banner-${kind}`;
      banner.append(Object.assign(document.createElement("p"), { textContent: words }));
      if (withLogin) banner.append(byId("login-link").content.cloneNode(true));
      return banner;
    }),
  );
}

waiting.forEach((item) => decorate(item.row));
showNotices();
setInterval(() => {
  showLive();
  showNotices();
}, 1_000);
poll();
