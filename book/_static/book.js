// What CSS alone cannot do: boxes that scroll are reachable with the keyboard.
document.addEventListener("DOMContentLoaded", () => {
  // A table gets a box to scroll in.
  for (const table of document.querySelectorAll(".bd-article table")) {
    const box = document.createElement("div");
    box.className = "table-scroll";
    table.replaceWith(box);
    box.append(table);
  }
  const scrollable = ".bd-article :is(div.math, .table-scroll, mjx-container[display])";
  const reach = () => {
    for (const box of document.querySelectorAll(scrollable)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1;
      box.classList.toggle("scrolls", scrolls);
      if (scrolls) {
        box.tabIndex = 0;
      } else if (!box.matches("mjx-container")) {
        box.removeAttribute("tabindex"); // MathJax gives its own boxes theirs
      }
    }
  };
  addEventListener("load", () => {
    const typeset = window.MathJax?.startup?.promise ?? Promise.resolve();
    typeset.then(reach);
  });
  addEventListener("resize", reach);
});
