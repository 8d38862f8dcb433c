/** Statements: the line that comes next is marked, a file that is too large is named, the mail's text is copied. */

const next = location.hash.startsWith("#line-") ? document.getElementById(location.hash.slice(1)) : null;
if (next) window.tresen.markRow(next, { focus: true });

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
