/** The week as a grid: begins at the first session of the day that counts, and the side arrows change the week. */

const week = document.querySelector(".week-scroll");
const slots = () => [...document.querySelectorAll(".slot")];

if (week && matchMedia("(min-width: 721px)").matches) {
  const line = week.querySelector(".now-line");
  const first = line ?? slots().sort((one, other) => one.offsetTop - other.offsetTop)[0];
  // Where not all seven days have room, today is among those that do.
  const today = line?.closest(".week-day");
  if (today) week.scrollLeft += today.getBoundingClientRect().right - week.getBoundingClientRect().right;
  if (first) week.scrollTop = Math.max(0, first.offsetTop - week.clientHeight / 3);
}
