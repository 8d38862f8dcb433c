/** A review: Ctrl+Enter sends the reply, a form that unfolds takes the focus, the method page prints, the line shows its end. */

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

// On a phone the line is wider than the screen: the newest months come first.
for (const line of document.querySelectorAll(".line-scroll")) line.scrollLeft = line.scrollWidth;

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
