/** Questions: files that are too many or too large are named before anything is sent, so that no text waits for them. */

// Listened to at the document: a form that was answered in its place is another one.
const FILES = "input[type=file][data-largest]";

function fault({ files, dataset }, help) {
  const most = Number(dataset.most);
  const large = [...files].find((file) => file.size > Number(dataset.largest));
  if (files.length <= most && !large) return "";
  return large ? `${large.name} (${(large.size / 2 ** 20).toFixed(1)} MB). ${help}` : help;
}

document.addEventListener("change", ({ target: field }) => {
  if (!field.matches?.(FILES)) return;
  const help = document.getElementById(field.getAttribute("aria-describedby"))?.textContent.trim() ?? "";
  field.setCustomValidity(fault(field, help));
  field.reportValidity();
});

// The form asks the server for its errors (novalidate); only this one is said here, before htmx hears of it.
document.addEventListener("submit", (event) => {
  const field = event.target.querySelector?.(FILES);
  if (!field?.validity.customError) return;
  event.preventDefault();
  event.stopPropagation();
  field.reportValidity();
}, true);
