/** Questions: files that are too many or too large are named before anything is sent, so that no text waits for them. */

const form = document.querySelector("form:has(input[type=file][data-largest])");
const field = form?.querySelector("input[type=file][data-largest]");

function fault({ files, dataset }) {
  const most = Number(dataset.most);
  const large = [...files].find((file) => file.size > Number(dataset.largest));
  if (files.length <= most && !large) return "";
  const help = document.getElementById(field.getAttribute("aria-describedby"))?.textContent.trim() ?? "";
  return large ? `${large.name} (${(large.size / 2 ** 20).toFixed(1)} MB). ${help}` : help;
}

field?.addEventListener("change", () => {
  field.setCustomValidity(fault(field));
  field.reportValidity();
});

// The form asks the server for its errors (novalidate); only this one is said here.
form?.addEventListener("submit", (event) => {
  if (field.validity.customError) {
    event.preventDefault();
    field.reportValidity();
  }
});
