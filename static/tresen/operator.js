// The operator's rail is longer than a small screen: the page that one is on is shown in it.
document.querySelector(".operator-rail .nav [aria-current]")?.scrollIntoView({ block: "nearest" });

// Django's searching choices do not say what they are for: the label of the field does.
addEventListener("load", () => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const label = document.querySelector(`label[for="${select.id}"]`);
    if (!label) continue;
    label.id ||= `${select.id}_label`;
    for (const part of select.nextElementSibling?.querySelectorAll('[role="combobox"], input[type="search"]') ?? []) {
      const value = part.getAttribute("aria-labelledby");
      part.setAttribute("aria-labelledby", value ? `${label.id} ${value}` : label.id);
    }
  }
});
