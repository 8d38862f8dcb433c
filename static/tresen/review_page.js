/** How many characters of a review are written. The page works without it; the server counts as well. */

const counter = document.querySelector("[data-counter]");
const field = document.querySelector("textarea[name=text]");

function count() {
  const most = Number(counter.dataset.counter);
  const used = [...field.value.trim()].length;
  counter.textContent = used > most ? `${counter.dataset.over} ${used - most}` : `${used} / ${most}`;
  counter.classList.toggle("is-over", used > most);
}

if (counter && field) {
  field.addEventListener("input", count);
  count();
}
