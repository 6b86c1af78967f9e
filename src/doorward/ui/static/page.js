// Improves pages that work without it: shows passwords, stops double sending, says what is being waited for.
"use strict";

const WAIT_MS = 300;

for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  const extra = button.querySelector(".hidden-text");
  const show = (isShown) => {
    field.type = isShown ? "text" : "password";
    button.firstChild.data = isShown ? "Hide" : "Show";
    extra.textContent = " password";
  };
  button.hidden = false;
  button.addEventListener("click", () => show(field.type === "password"));
  // Password managers save what is in a password field, so it is one again when the form leaves.
  field.form.addEventListener("submit", () => show(false));
}

for (const form of document.querySelectorAll("form[data-guard]")) {
  form.addEventListener("submit", (event) => {
    if (form.classList.contains("is-sent")) {
      event.preventDefault();
      return;
    }
    form.classList.add("is-sent");
    const told = form.querySelector(".waiting");
    const text = event.submitter ? event.submitter.dataset.waiting : "";
    setTimeout(() => { told.textContent = form.classList.contains("is-sent") ? text : ""; }, WAIT_MS);
  });
}

// Coming back with the browser's button brings the page as it was left.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form.is-sent")) {
    form.classList.remove("is-sent");
    form.querySelector(".waiting").textContent = "";
  }
});
