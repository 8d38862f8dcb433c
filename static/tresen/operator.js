// The operator's rail is longer than a small screen: the page that one is on is shown in it.
document.querySelector(".operator-rail .nav [aria-current]")?.scrollIntoView({ block: "nearest" });

// Django's searching choices do not say what they are for: the label of the field does, once they are there.
function name(select) {
  const label = document.querySelector(`label[for="${select.id}"]`);
  if (!label) return;
  label.id ||= `${select.id}_label`;
  for (const part of select.parentElement.querySelectorAll('.select2 [role="combobox"], .select2 input')) {
    const words = part.getAttribute("aria-labelledby") ?? "";
    if (!words.startsWith(label.id)) part.setAttribute("aria-labelledby", `${label.id} ${words}`.trim());
  }
}

for (const select of document.querySelectorAll("select.admin-autocomplete")) {
  new MutationObserver(() => name(select)).observe(select.parentElement, { childList: true });
  name(select);
}
