/**
 * Sending a tick. It is done when the server has said so and never before. Each has an id made here; a retry repeats
 * it, so that a tick whose answer was lost is still done once.
 */

import { LOCKED, TIMEOUT_MS, act, byId, parse, root, say, state } from "./page.js";
import { cover, decorate, forget, keep, queue } from "./queue.js";
import { apply } from "./rows.js";

// Answers that come from before our code: the server is away, starting or overrun. The action may be sent again.
const AWAY = new Set([408, 425, 429, 502, 503, 504]);
const { toast } = window.tresen;

let token = act.elements.csrfmiddlewaretoken.value;

/** A version 4 UUID; crypto.randomUUID is missing on plain http. */
function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function send(url, row, fields = {}) {
  if (queue.inFlight.has(row)) return;
  const kept = queue.waiting.find((item) => item.row === row);
  if (kept) return takeBack(kept);
  deliver({ id: makeId(), url, row, fields });
}

async function deliver(item) {
  queue.inFlight.set(item.row, item);
  decorate(item.row);
  const response = await post(item);
  queue.inFlight.delete(item.row);
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
  root.dispatchEvent(new Event("tresen:queue"));
  root.dispatchEvent(new CustomEvent("tresen:settled", { detail: item }));
  document.dispatchEvent(new Event("tresen:poll"));
}

/** With initials instead of the name while privacy is on. */
function discreet(words, rowId) {
  const row = byId(rowId);
  if (!row || !root.classList.contains("is-private")) return words;
  return words.replace(row.querySelector(".full").textContent, row.querySelector(".brief").textContent);
}

function takeBack(item) {
  forget(item);
  decorate(item.row);
  toast(say("Back", discreet(byId(item.row)?.getAttribute("aria-label") ?? "", item.row)));
}

let sending = false;

export async function sendWaiting() {
  if (sending) return;
  sending = true;
  for (const item of [...queue.waiting]) if (!(await deliver(item))) break;
  sending = false;
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
