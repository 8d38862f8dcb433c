/**
 * The tabs of the roster that have no rows to tick, waiting list and log: shown anew when something has happened.
 *
 * They ask what reception.js asks of the others; nearly always the answer is an empty 204. Nothing changes under the
 * hands: while the focus is in the list, the pointer on a button or a dialog is open, the news wait.
 */

const POLL_MS = 2_000;
const TIMEOUT_MS = 8_000;
const PARTS = ["tabs", "places", "counts", "question", "deeds", "list"];
const LOCKED = 423; // the desk is locked: someone says first who they are

const root = document.getElementById("reception");
let seen = { version: root.dataset.version, at: root.dataset.at };
let timer = 0;
let asking = false;

const isBusy = () => {
  const list = document.getElementById("list");
  const pressing = list.querySelector(":is(a, button):hover");
  return pressing || list.contains(document.activeElement) || document.querySelector("dialog[open]");
};

const ask = (url) =>
  fetch(url, { headers: { "HX-Request": "true" }, redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });

function cover(response) {
  location.assign(`${response.headers.get("HX-Redirect")}?${new URLSearchParams({ next: location.pathname + location.search })}`);
}

/** Take the parts that changed from a fresh page. Whether it came. */
async function renew() {
  const response = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status !== 200) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("reception");
  if (!fresh) return false;
  for (const id of PARTS) {
    const [old, part] = [document.getElementById(id), page.getElementById(id)];
    if (old && part && !old.isEqualNode(part)) old.replaceWith(part);
  }
  seen = { version: fresh.dataset.version, at: fresh.dataset.at };
  return true;
}

async function poll() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  try {
    const response = await ask(`${root.dataset.changes}&${new URLSearchParams({ since: seen.version, at: seen.at })}`);
    if (response.status === LOCKED) cover(response);
    else if (response.status === 204) seen = { version: response.headers.get("Tresen-Version"), at: response.headers.get("Tresen-At") };
    else if (response.status === 205 && !isBusy()) await renew();
  } catch {
    // The next one may come through.
  }
  asking = false;
  timer = setTimeout(poll, POLL_MS);
}

document.addEventListener("visibilitychange", poll);
document.addEventListener("tresen:poll", poll);
addEventListener("online", poll);
poll();
