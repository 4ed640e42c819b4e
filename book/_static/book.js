// What CSS alone cannot do: boxes that scroll are reachable with the keyboard.
document.addEventListener("DOMContentLoaded", () => {
  // A table gets a box to scroll in.
  for (const table of document.querySelectorAll(".bd-article table")) {
    const box = document.createElement("div");
    box.className = "table-scroll";
    table.replaceWith(box);
    box.append(table);
  }
  const boxes = document.querySelectorAll(".bd-article :is(div.math, .table-scroll)");
  const reach = () => {
    for (const box of boxes) {
      if (box.scrollWidth > box.clientWidth) {
        box.tabIndex = 0;
      } else {
        box.removeAttribute("tabindex");
      }
    }
  };
  addEventListener("load", () => {
    const typeset = window.MathJax?.startup?.promise ?? Promise.resolve();
    typeset.then(reach);
  });
  addEventListener("resize", reach);
});
