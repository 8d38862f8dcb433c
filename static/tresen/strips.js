/** The strips above a list that come anew by themselves: what was open stays open, and nothing goes from under the pointer. */

let open = [];

const isBusy = (strip) => strip.querySelector("details[open]:hover") || strip.contains(document.activeElement);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "at-risk" && isBusy(event.target)) event.preventDefault(); // it asks again soon
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "at-risk") open = [...event.detail.target.querySelectorAll("details[open]")].map((one) => one.id);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  open = [];
});
