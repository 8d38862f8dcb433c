/** Statements: a file that is too large is named before it is sent, and the mail's text is copied. */

document.addEventListener("change", ({ target }) => {
  const most = Number(target.dataset?.mostBytes);
  if (!most) return;
  const large = [...target.files].some((file) => file.size > most);
  target.setCustomValidity(large ? target.closest(".field").querySelector(".field-help").textContent : "");
  target.reportValidity();
});

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    window.tresen.announce(button.textContent.trim());
    button.setAttribute("aria-pressed", "true");
  });
}
