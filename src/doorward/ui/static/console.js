// Improves pages that work without it: copies commands and identifiers.
"use strict";

const told = document.getElementById("told");

if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const word = button.firstChild;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        word.data = "Copied";
        told.textContent = "Copied.";
      } catch {
        told.textContent = "The browser did not allow copying.";
      }
      setTimeout(() => { word.data = "Copy"; told.textContent = ""; }, 2000);
    });
  }
}
