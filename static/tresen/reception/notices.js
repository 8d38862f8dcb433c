/** What the header and the banners say: how fresh the list is, and what keeps it from being so. */

import { byId, root, say, state } from "./page.js";
import { queue } from "./queue.js";

const LIVE_MS = 6_000;
const OLD_MS = 60_000;

const live = byId("live");
const clockOf = (moment, parts) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: root.dataset.zone, ...parts }).format(moment + state.serverAhead);
const day = byId("live-clock").textContent.replace(/[^,]*$/, "");

export function showLive() {
  const isLive = Date.now() - state.seenAt < LIVE_MS && !state.loggedOut && !state.refused;
  live.classList.remove("is-still");
  live.classList.toggle("is-old", !isLive);
  const seconds = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const word = isLive ? say("Live") : say("Updated", clockOf(state.seenAt, seconds));
  const time = `${day} ${clockOf(Date.now(), { hour: "2-digit", minute: "2-digit" })}`;
  if (byId("live-word").textContent !== word) byId("live-word").textContent = word;
  if (byId("live-clock").textContent !== time) byId("live-clock").textContent = time;
}

export function showNotices() {
  const found = [];
  if (state.loggedOut) found.push(["error", say("Login"), true]);
  if (state.refused) found.push(["error", say("Rights")]);
  if (state.failing && Date.now() - state.seenAt > OLD_MS) {
    found.push(["error", say("Old", clockOf(state.seenAt, { hour: "2-digit", minute: "2-digit", second: "2-digit" }))]);
  }
  if (queue.waiting.length) found.push(["warning", queue.waiting.length === 1 ? say("WaitingOne") : say("Waiting", queue.waiting.length)]);
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

root.addEventListener("tresen:queue", showNotices);
