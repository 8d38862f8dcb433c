/**
 * The command palette on Ctrl/Cmd+K: the focus stays in the field, arrows move through what it found, Enter goes there.
 * Without script the same list is a page (portal:commands), where the link in the rail leads.
 */

const palette = document.getElementById("palette");
const field = document.getElementById("palette-field");

const options = () => [...palette.querySelectorAll("[role=option]")];
const active = () => palette.querySelector('[aria-selected="true"]');

// Enter was pressed before the answer to what is typed had come.
let waiting = false;

function mark(option) {
  active()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
}

function open() {
  if (palette.open) return field.select();
  field.value = "";
  waiting = false;
  palette.showModal();
  field.focus();
  field.dispatchEvent(new Event("palette-open"));
}

function go() {
  const answered = palette.querySelector("#palette-list").dataset.q === field.value;
  if (!answered) waiting = true;
  else active()?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  open();
});

document.addEventListener("click", (event) => {
  if (event.target === palette) palette.close(); // the backdrop
  const link = event.target.closest?.("[data-palette]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  open();
});

field.addEventListener("keydown", (event) => {
  const all = options();
  const at = all.indexOf(active());
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, PageDown: at + 5, PageUp: at - 5 }[event.key];
  if (to !== undefined) mark(all[Math.min(Math.max(to, 0), all.length - 1)]);
  else if (event.key === "Enter" && !event.isComposing) go();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

palette.addEventListener("htmx:afterSwap", () => {
  mark(options()[0]);
  if (waiting && palette.querySelector("#palette-list").dataset.q === field.value) {
    waiting = false;
    active()?.click();
  }
});
