/* A line of the sync log is copied for support by a button, where the browser allows it. */
for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    window.tresen.toast(button.dataset.copied);
  });
}
