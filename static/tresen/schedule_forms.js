/** Comforts of the schedule's forms. All of them work without: there are spare fields, and an address can be selected. */

/* The look at what would be done takes the focus, so that it is read first. */
document.querySelector("[data-plan]")?.focus({ preventScroll: false });

/* Another day */
for (const button of document.querySelectorAll("[data-add-day]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const fields = button.parentElement.querySelector("[data-days]");
    const one = fields.lastElementChild.cloneNode();
    const number = fields.childElementCount;
    one.id = one.id.replace(/\d+$/, number);
    one.setAttribute("aria-label", one.getAttribute("aria-label").replace(/\d+/, number + 1));
    one.value = "";
    fields.append(one);
    one.focus();
  });
}

/* Only the rooms of the chosen location can be picked. */
const place = document.querySelector("select[name=location]");
const room = document.querySelector("select[name=room]");

function offerRooms() {
  const name = place.selectedOptions[0]?.textContent;
  for (const group of room.querySelectorAll("optgroup")) {
    group.disabled = group.label !== name;
    if (group.disabled && group.contains(room.selectedOptions[0])) room.value = "";
  }
}

if (place && room) {
  place.addEventListener("change", offerRooms);
  offerRooms();
}

/* The address of a feed is copied by a button where the browser allows it. */
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    window.tresen.toast(button.dataset.copied);
  });
}
document.querySelector("[data-select]")?.addEventListener("focus", (event) => event.target.select());

/* A room's spots: arrows move between them, and the pressed one keeps the focus when the plan is drawn anew. */
let pressed = "";

document.addEventListener("keydown", (event) => {
  const spot = event.target.closest?.(".spot");
  if (!spot || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const all = [...document.querySelectorAll(".spot")];
  const to = ["ArrowRight", "ArrowLeft"].includes(event.key)
    ? all[all.indexOf(spot) + (event.key === "ArrowRight" ? 1 : -1)]
    : nextRow(spot, all, event.key === "ArrowDown" ? 1 : -1);
  to?.focus();
});

function nextRow(spot, all, step) {
  const from = spot.getBoundingClientRect();
  const beyond = all.filter((one) => (one.getBoundingClientRect().top - from.top) * step > 4);
  const distance = (one) => {
    const box = one.getBoundingClientRect();
    return Math.abs(box.top - from.top) * 10 + Math.abs(box.left - from.left);
  };
  return beyond.sort((one, other) => distance(one) - distance(other))[0];
}

document.addEventListener("htmx:beforeRequest", (event) => (pressed = event.target.querySelector?.(".spot")?.id ?? ""));
document.addEventListener("htmx:afterSettle", () => pressed && document.getElementById(pressed)?.focus());
