/**
 * Ties allauth's passkey functions to the forms of our pages: <form data-passkey="login"> with a [data-passkey-button]
 * (inside it, or naming it by form="…") and a field called credential. What goes wrong is said in [data-passkey-error].
 */

const { forms } = window.allauth.webauthn;
const NAMES = { login: "login", add: "add", authenticate: "authenticate" };

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const kind = form.dataset.passkey;
  const button = [...form.elements].find((element) => element.matches("[data-passkey-button]"));
  const ids = { credential: form.elements.credential.id, data: "js_data", [NAMES[kind]]: button.id };
  if (form.elements.passwordless) ids.passwordless = form.elements.passwordless.id;
  forms[`${kind}Form`]({ ids });
  button.hidden = false;
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.querySelector("[data-passkey-error]").hidden = false;
});
