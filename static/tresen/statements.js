/** Statements: a file that is too large is named before it is sent, and the mail's text is copied. */

document.addEventListener("change", ({ target }) => {
  const most = Number(target.dataset?.mostBytes);
  if (!most) return;
  const large = [...target.files].some((file) => file.size > most);
  target.setCustomValidity(large ? target.closest(".field").querySelector(".field-help").textContent : "");
  target.reportValidity();
});

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
      window.tresen.toast(button.dataset.copied);
    } catch {
      // Not allowed here: it is marked, and Ctrl+C does it.
      text.focus();
    }
  });
}
