// Live figures by server-sent events, and the first page of the table when it has changed. Pages work without it.
(() => {
  "use strict";
  const table = document.querySelector("[data-rows]");
  if (!window.EventSource || !table) return;
  let ledger = null;
  let isLoading = false;
  const show = (figures) => {
    for (const place of document.querySelectorAll("[data-live]")) {
      const text = Number(figures[place.dataset.live]).toLocaleString("en-GB");
      if (place.textContent !== text) place.textContent = text;
    }
    const line = document.querySelector("[data-spark]");
    if (line) line.setAttribute("points", figures.spark);
  };
  const reload = async () => {
    // A row that has the focus must not vanish under the reader.
    if (isLoading || !("follow" in table.dataset) || table.contains(document.activeElement)) return false;
    isLoading = true;
    try {
      const address = new URL(location.href);
      address.searchParams.set("rows", "1");
      const answer = await fetch(address);
      if (!answer.ok) return false;
      table.innerHTML = await answer.text();
      table.hidden = table.querySelector("tbody tr") === null;
      const empty = document.querySelector(".empty");
      if (empty) empty.hidden = !table.hidden;
      return true;
    } finally {
      isLoading = false;
    }
  };
  new EventSource("/events").onmessage = async (event) => {
    const figures = JSON.parse(event.data);
    show(figures);
    if (ledger === null) ledger = figures.ledger;
    if (figures.ledger !== ledger && (await reload())) ledger = figures.ledger;
  };
})();
