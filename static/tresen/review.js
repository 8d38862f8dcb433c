/** A review: Ctrl+Enter sends the reply, a form that unfolds takes the focus, the method page prints. */

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.closest?.("form[data-send]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button[name=do]"));
});

for (const unfolded of document.querySelectorAll("details.reply-change")) {
  unfolded.addEventListener("toggle", () => unfolded.open && unfolded.querySelector("textarea").focus());
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
