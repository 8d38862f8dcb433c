/** What the modules of the counter share: the page's parts, its words, and what is known of the server. */

export const TIMEOUT_MS = 8_000;
export const LOCKED = 423; // the desk is locked: someone says first who they are

export const root = document.getElementById("reception");
export const list = document.getElementById("list");
export const act = document.getElementById("act");
export const say = (key, value = "") => root.dataset[`say${key}`].replace("%s", value);
export const byId = (id) => document.getElementById(id);
export const parse = (html) => new DOMParser().parseFromString(html, "text/html");

export const state = {
  loggedOut: false,
  refused: false,
  failing: false,
  seenAt: Date.now(), // when the server answered last, by our clock
  serverAhead: Date.parse(root.dataset.at) - Date.now(),
};
