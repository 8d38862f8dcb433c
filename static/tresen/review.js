/** A review: Ctrl+Enter sends the reply, a form that unfolds takes the focus, the method page prints, the line shows its end. */

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.closest?.("form[data-send]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button[name=do]"));
});

// A toggle does not bubble; the form may have been swapped in after this script ran.
document.addEventListener("toggle", ({ target }) => {
  if (target.matches?.("details.reply-change") && target.open) target.querySelector("textarea").focus();
}, true);

// What was sent is answered in its place: the errors, the warning or the word that it is done take the focus.
let sent = false;
document.addEventListener("htmx:beforeRequest", ({ target }) => (sent = Boolean(target.closest?.("#reply"))));
document.addEventListener("htmx:afterSettle", () => {
  const told = sent && document.querySelector("#reply :is([data-form-errors], [role=alert], [role=status])");
  sent = false;
  if (!told) return;
  told.tabIndex = -1;
  told.focus();
});

// On a phone the line is wider than the screen: the newest months come first.
for (const line of document.querySelectorAll(".line-scroll")) line.scrollLeft = line.scrollWidth;

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
