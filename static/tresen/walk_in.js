/**
 * Finding a person to book, and the walk-in dialog of reception and roster. Both work as pages without this.
 *
 * In a form with data-find-person: arrows go through the options, Enter takes the only one; nobody found, and Enter
 * carries what was typed over to the fields for a new person.
 */

const dialog = document.getElementById("dialog");

let early = null; // what was typed since the dialog was asked for; null: none is on its way

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || !dialog || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (early !== null) return;
  early = "";
  try {
    await htmx.ajax("GET", link.href, { target: dialog, swap: "innerHTML" });
    if (!dialog.firstElementChild) return;
    document.dispatchEvent(new Event("tresen:let-go")); // letters that may be a scan were meant for the field
    if (!dialog.open) dialog.showModal();
    const field = dialog.querySelector("[autofocus]");
    (field ?? dialog).focus();
    if (field?.matches("input") && early) {
      htmx.process(dialog); // so that the field's search hears of it
      field.value += early;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  } finally {
    early = null;
  }
});

// Who presses n goes on typing: that is meant for the dialog's field, not for the page.
addEventListener(
  "keydown",
  (event) => {
    if (early === null || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Backspace") early = early.slice(0, -1);
    else if ([...event.key].length === 1) early += event.key;
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

dialog?.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog?.addEventListener("close", () => dialog.replaceChildren());
document.addEventListener("tresen:walked-in", () => {
  dialog?.close();
  document.dispatchEvent(new Event("tresen:poll"));
});

/* Choosing among the options */

const optionsOf = (form) => [...form.querySelectorAll("[data-options] .option")];

function step(form, by) {
  const options = optionsOf(form);
  const at = options.indexOf(document.activeElement);
  const to = at + by;
  if (to < 0) form.querySelector("input[type=search]").focus();
  else options[Math.min(to, options.length - 1)]?.focus();
}

/** Nobody fits: the name goes where a new person's is asked for. */
function carryOver(form, typed) {
  const [first, last] = [form.elements.first_name, form.elements.last_name];
  if (!first) return;
  const words = typed.trim().split(/\s+/);
  if (typed.includes("@")) form.elements.email.value = typed.trim();
  else if (/^[\d\s()+./-]{5,}$/.test(typed)) form.elements.phone.value = typed.trim();
  else {
    first.value = words.shift() ?? "";
    last.value = words.join(" ");
  }
  first.focus();
  first.select();
}

// Before shell.js and the scanner hear of it.
addEventListener(
  "keydown",
  (event) => {
    const form = event.target.closest?.("[data-find-person]");
    if (!form || event.isComposing) return;
    const inSearch = event.target.matches("input[type=search]");
    const onOption = event.target.matches(".option");
    if (event.key === "Enter" && event.target.closest(".walk-in-new") && event.target.matches("input")) {
      // The form's first button is another one: an option, or the search.
      form.requestSubmit(form.querySelector(".walk-in-new .button"));
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (!inSearch && !onOption) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(form, event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && inSearch) {
      const options = optionsOf(form);
      if (options.length === 1) options[0].click();
      else if (options.length) options[0].focus();
      else if (event.target.value.trim()) carryOver(form, event.target.value);
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
