(() => {
  "use strict";
  const root = document.documentElement, main = document.getElementById("text");
  const words = JSON.parse(document.body.dataset.words);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // Theme
  const theme = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const showTheme = () => theme.setAttribute("aria-pressed", String(dark()));
  try { const kept = localStorage.getItem("epoque-theme"); if (kept) root.dataset.theme = kept; } catch {}
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("epoque-theme", root.dataset.theme); } catch {}
    showTheme();
  });
  showTheme();

  // A copy of an element to look at: without names, and without anything to press.
  const picture = (element) => {
    const copy = element.cloneNode(true);
    for (const part of [copy, ...all("*", copy)]) {
      part.removeAttribute("id");
      part.removeAttribute("tabindex");
    }
    for (const part of all("button, details, .anchor, .controls", copy)) part.remove();
    for (const part of all("a", copy)) part.replaceWith(...part.childNodes);
    return copy;
  };

  // Figures open large
  const large = document.getElementById("large"), stage = large.querySelector(".stage");
  const enlarge = (figure) => {
    stage.replaceChildren(picture(figure));
    large.showModal();
  };
  for (const figure of all("figure")) {
    const button = figure.querySelector(".enlarge"), shown = figure.querySelector("svg, img, canvas");
    if (!button || !shown || figure.classList.contains("film")) continue;
    button.hidden = false;
    button.addEventListener("click", () => enlarge(figure));
    shown.addEventListener("click", () => enlarge(figure));
    shown.classList.add("zoomable");
  }
  large.querySelector(".close").addEventListener("click", () => large.close());
  large.addEventListener("click", (event) => { if (event.target === large) large.close(); });
  large.addEventListener("close", () => stage.replaceChildren());

  // Films play while they are in view; where motion is unwelcome, only when asked to
  for (const figure of all("figure.film")) {
    const screen = figure.querySelector(".screen"), controls = figure.querySelector(".controls");
    const button = controls.querySelector("button"), slider = controls.querySelector("input");
    const moments = JSON.parse(figure.dataset.moments), last = moments.length - 1;
    const hold = Math.round(1800 / Number(figure.dataset.ms));
    let frame = last, held = 0, wanted = !still.matches, inView = false, playing = 0;
    const draw = () => {
      screen.style.setProperty("--frame", frame);
      slider.value = frame;
      slider.setAttribute("aria-valuetext", moments[frame]);
    };
    const next = () => {
      if (frame === last && held < hold) { held += 1; return; }
      held = 0;
      frame = frame === last ? 0 : frame + 1;
      draw();
    };
    const update = () => {
      const play = wanted && inView && !document.hidden;
      if (play && !playing) playing = setInterval(next, Number(figure.dataset.ms));
      if (!play && playing) { clearInterval(playing); playing = 0; }
      button.textContent = wanted ? button.dataset.pause : button.dataset.play;
    };
    button.addEventListener("click", () => { wanted = !wanted; held = hold; update(); });
    slider.addEventListener("input", () => { wanted = false; frame = Number(slider.value); update(); draw(); });
    still.addEventListener("change", () => { if (still.matches) { wanted = false; update(); } });
    document.addEventListener("visibilitychange", update);
    new IntersectionObserver(([entry]) => { inView = entry.isIntersecting; update(); }).observe(figure);
    addEventListener("beforeprint", () => { frame = last; draw(); });
    controls.hidden = false;
    draw();
    update();
  }

  // A reference shows what it refers to
  const preview = make("div", { class: "preview", "aria-hidden": "true" });
  preview.hidden = true;
  document.body.append(preview);
  let timer = 0, shownBy = null;
  const hide = () => { preview.hidden = true; shownBy = null; };
  const later = (action, delay) => { clearTimeout(timer); timer = setTimeout(action, delay); };
  const show = (link) => {
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const block = target && (target.matches("figure, .display, .claims, .bibliography li") ? target : target.closest("table"));
    if (!block) return;
    preview.replaceChildren(picture(block));
    preview.hidden = false;
    shownBy = link;
    const at = link.getBoundingClientRect(), size = preview.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left), root.clientWidth - size.width - 8);
    const below = at.bottom + 8 + size.height < innerHeight || at.top < size.height + 8;
    preview.style.left = `${left + scrollX}px`;
    preview.style.top = `${(below ? at.bottom + 6 : at.top - size.height - 6) + scrollY}px`;
  };
  for (const link of all("a.reference", main)) {
    link.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "touch") later(() => show(link), 150);
    });
    link.addEventListener("pointerleave", () => later(hide, 250));
    link.addEventListener("focus", () => { if (link.matches(":focus-visible")) show(link); });
    link.addEventListener("blur", hide);
    link.addEventListener("click", () => later(hide, 0));
  }
  preview.addEventListener("pointerenter", () => clearTimeout(timer));
  preview.addEventListener("pointerleave", () => later(hide, 250));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && shownBy) hide(); });

  // Commands are copied
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); } catch {
      const field = make("textarea", { readonly: "" });
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
  };
  for (const code of all("pre > code, .commands > code", main)) {
    const button = make("button", { type: "button", class: "copy", "aria-label": words.copy_this }, words.copy);
    button.addEventListener("click", async () => {
      await copy(code.textContent);
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; }, 1500);
    });
    const row = make("div", { class: "copied" });
    const block = code.parentElement.matches("pre") ? code.parentElement : code;
    block.replaceWith(row);
    row.append(block, button);
  }

  // Claims fold
  for (const group of all(".claims")) {
    const button = group.querySelector(".fold"), claims = all("details.claim", group);
    const name = () => {
      const open = claims.every((claim) => claim.open);
      button.textContent = open ? button.dataset.close : button.dataset.open;
      return open;
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      const open = name();
      for (const claim of claims) claim.open = !open;
    });
    for (const claim of claims) claim.addEventListener("toggle", name);
    name();
  }
  const reveal = (element) => {
    for (let part = element; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  };
  const follow = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    reveal(target);
    target.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  if (location.hash) follow();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details.claim:not([open])");
    for (const claim of closed) claim.open = true;
  });
  addEventListener("afterprint", () => { for (const claim of closed) claim.open = false; });

  // Search in the page
  const search = document.getElementById("search"), query = document.getElementById("query");
  const hits = document.getElementById("hits"), count = document.getElementById("count");
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[\s\u00a0\u202f]+/g, " ");
  let index = null;
  const read = () => all("h2, h3, h4, h5, p, li, tr, summary, pre, figcaption", main)
    .filter((element) => !element.closest("figcaption p") && !(element.tagName === "LI" && element.querySelector("p, li")))
    .map((element) => {
      const cells = element.tagName === "TR" ? [...element.cells] : [element];
      const text = cells.map((cell) => cell.textContent.trim()).join(" · ");
      return { element, text, folded: fold(text) };
    })
    .filter((entry) => entry.folded);
  const section = (element) => {
    let title = "";
    for (const heading of headings) {
      if (heading.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING) break;
      title = heading.textContent.replace(/#$/, "").trim();
    }
    return title;
  };
  const headings = all("h2[id], h3[id]", main);
  const most = 30, plural = new Intl.PluralRules(root.lang);
  const find = () => {
    const wanted = fold(query.value.trim());
    hits.replaceChildren();
    count.textContent = "";
    if (wanted.length < 2) return;
    index ??= read();
    const found = index.filter((entry) => entry.folded.includes(wanted));
    const word = plural.select(found.length) === "one" ? words.hit : words.hits;  // French: 0 too
    count.textContent = word.replace("{count}", found.length);
    for (const entry of found.slice(0, most)) {
      const at = entry.folded.indexOf(wanted), start = Math.max(0, at - 40);
      const piece = entry.text.replace(/\s+/g, " ").slice(start, at + wanted.length + 60);
      const link = make("button", { type: "button" });
      link.append(make("span", { class: "where" }, section(entry.element)), ` ${start ? "…" : ""}${piece}…`);
      link.addEventListener("click", () => {
        reveal(entry.element);
        entry.element.scrollIntoView({ block: "center", behavior: still.matches ? "auto" : "smooth" });
        entry.element.setAttribute("tabindex", "-1");
        entry.element.focus({ preventScroll: true });
        entry.element.classList.add("hit");
        setTimeout(() => entry.element.classList.remove("hit"), 2500);
      });
      const item = make("li");
      item.append(link);
      hits.append(item);
    }
  };
  if (!search) return;
  search.hidden = false;
  query.addEventListener("input", find);
  query.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { query.value = ""; find(); }
    if (event.key === "Enter") hits.querySelector("button")?.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !large.open) {
      event.preventDefault();
      query.focus();
    }
  });
})();
