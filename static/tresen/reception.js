/**
 * The list at the counter, live: ticks are sent, kept when they cannot be sent, and news of other tabs come in.
 *
 * Here: asking for news. Beside it in reception/: sending, the queue of what waits, taking news over, and what the header
 * says. reception_find.js is search, keys, scanner and privacy; it hears of changes by "tresen:changed".
 */

import { showLive, showNotices } from "./reception/notices.js";
import { LOCKED, TIMEOUT_MS, list, parse, root, state } from "./reception/page.js";
import { cover, decorate, queue, reload } from "./reception/queue.js";
import { apply } from "./reception/rows.js";
import { sendWaiting } from "./reception/send.js";

const POLL_MS = 1_500; // with the answer's time, news is on screen within two seconds
const REFUSED_POLL_MS = 10_000;

let seen = { version: root.dataset.version, at: root.dataset.at };
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
  state.failing = !(await askOnce());
  asking = false;
  showLive();
  showNotices();
  if (!state.failing && !state.loggedOut && !state.refused && queue.waiting.length) sendWaiting();
  timer = setTimeout(poll, again ? 0 : state.refused ? REFUSED_POLL_MS : POLL_MS);
}

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
    state.seenAt = Date.now();
    state.serverAhead = Date.parse(seen.at) - state.seenAt;
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
  if (!typing && !document.querySelector("dialog[open]") && !queue.inFlight.size) reload();
}

/** A class that has ended goes to the finished ones by a fresh page, when nobody is at work on this one. */
function tidy() {
  const isBusy =
    list.matches(":hover") ||
    list.contains(document.activeElement) ||
    root.classList.contains("is-searching") ||
    document.querySelector(".toast") ||
    queue.waiting.length ||
    queue.inFlight.size;
  if (!isBusy && list.querySelector(":scope > .session [data-over]")) reload();
}

queue.waiting.forEach((item) => decorate(item.row));
showNotices();
setInterval(() => {
  showLive();
  showNotices();
}, 1_000);
poll();
