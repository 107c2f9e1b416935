"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const perChunk = Number(document.body.dataset.perChunk);
  const rows = [...document.querySelectorAll("details.s")];
  const places = new Map(rows.map((row, i) => [row.id, i]));
  const form = $("filter");
  const fields = ["text", "status", "feature", "rule", "side", "operation", "outcome", "cause"].filter((name) => form.elements[name]);

  // --- what is inside of scenarios ---

  const chunks = [];

  async function inflate(text) {
    const packed = atob(text);
    const bytes = new Uint8Array(packed.length);
    for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return (await new Response(stream).text()).split("\0");
  }

  function chunk(n) {
    chunks[n] ??= inflate($("chunk-" + n).textContent);
    return chunks[n];
  }

  async function fill(row) {
    if (row.dataset.filled) return;
    row.dataset.filled = "yes";
    const inside = document.createElement("div");
    inside.className = "inside";
    row.append(inside);
    const i = places.get(row.id);
    try {
      inside.innerHTML = (await chunk(Math.floor(i / perChunk)))[i % perChunk]; // all of it went through html/template
    } catch (e) {
      inside.textContent = "This browser cannot unpack what is inside: " + e;
    }
  }

  document.addEventListener("toggle", (e) => {
    if (e.target.matches("details.s[open]")) fill(e.target);
  }, true);

  // --- the filter ---

  const facts = rows.map((row) => ({
    row,
    status: row.classList[1],
    feature: row.parentElement.dataset.uri,
    rule: row.querySelector(".rule").textContent,
    side: row.querySelector(".side").textContent,
    operation: row.dataset.o.split(" "),
    outcome: row.dataset.c.split(" "),
    cause: (row.dataset.k ?? "").split(" "),
  }));
  const quiet = ["passed", "left_out", "not_selected", "not_at_level"];
  let words; // the searchable text of each scenario, made by the first search

  const entities = [["&#34;", '"'], ["&#39;", "'"], ["&#43;", "+"], ["&lt;", "<"], ["&gt;", ">"], ["&amp;", "&"]]; // the last one last
  function plain(html) {
    return entities.reduce((text, [from, to]) => text.replaceAll(from, to), html.replace(/<[^>]*>/g, "").toLowerCase());
  }

  async function index() {
    const all = [];
    for (let n = 0; n * perChunk < rows.length; n++) {
      (await chunk(n)).forEach((html, i) => {
        const f = facts[n * perChunk + i];
        const name = f.row.querySelector(".name").textContent.toLowerCase();
        all.push([f.row.id, f.status, name, f.rule, f.side, plain(html)].join(" "));
      });
    }
    return all;
  }

  let turn = 0; // of the filter: a later one replaces one that is still reading
  async function apply() {
    const mine = ++turn;
    const wanted = {};
    for (const name of fields) wanted[name] = form.elements[name].value;
    const operation = String(form.elements.operation.selectedIndex - 1);
    const outcome = String(form.elements.outcome.selectedIndex - 1);
    const cause = String((form.elements.cause?.selectedIndex ?? 0) - 1);
    const terms = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    if (terms.length && !words) {
      $("found").textContent = "Searching…";
      words = index();
    }
    const texts = terms.length ? await words : null;
    if (mine !== turn) return;

    let found = 0;
    facts.forEach((f, i) => {
      const fits = (!wanted.status || (wanted.status === "bad" ? !quiet.includes(f.status) : f.status === wanted.status)) &&
        (!wanted.feature || f.feature === wanted.feature) &&
        (!wanted.rule || f.rule === wanted.rule) &&
        (!wanted.side || f.side === wanted.side) &&
        (!wanted.operation || f.operation.includes(operation)) &&
        (!wanted.outcome || f.outcome.includes(outcome)) &&
        (!wanted.cause || f.cause.includes(cause)) &&
        (!texts || terms.every((term) => texts[i].includes(term)));
      f.row.hidden = !fits;
      if (fits) found++;
    });
    for (const feature of document.querySelectorAll(".feature")) {
      feature.hidden = !feature.querySelector("details.s:not([hidden])");
    }
    const some = fields.some((name) => wanted[name]);
    $("found").textContent = (some ? found + " of " : "") + rows.length + (rows.length === 1 ? " scenario" : " scenarios");
    form.classList.toggle("on", some);
  }

  function address() {
    const query = new URLSearchParams();
    for (const name of fields) if (form.elements[name].value) query.set(name, form.elements[name].value);
    history.replaceState(null, "", query.size ? "#?" + query : "#scenarios");
  }

  let typing;
  form.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => { address(); apply(); }, 150);
  });
  form.addEventListener("submit", (e) => e.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { address(); apply(); }));
  $("expand").addEventListener("click", () => {
    const shown = rows.filter((row) => !row.hidden).slice(0, 50);
    for (const row of shown) row.open = true;
    announce(shown.length + " opened");
  });
  $("collapse").addEventListener("click", () => {
    for (const row of rows) row.open = false;
    announce("All are closed");
  });

  // --- addresses ---

  async function go() {
    const hash = location.hash.slice(1);
    if (hash.startsWith("?")) {
      const query = new URLSearchParams(location.hash.slice(2));
      for (const name of fields) {
        const field = form.elements[name];
        field.value = query.get(name) ?? "";
        if (field.selectedIndex < 0) field.value = ""; // there is no such choice
      }
      await apply();
      $("scenarios").focus({ preventScroll: true });
      scrollTo($("scenarios"));
      return;
    }
    const row = places.has(hash.split(".")[0]) && $(hash.split(".")[0]);
    if (!row) return;
    if (row.hidden) {
      form.reset();
      await apply();
    }
    row.open = true;
    await fill(row);
    const inner = hash !== row.id && $(hash);
    const target = inner || row.firstElementChild;
    target.focus({ preventScroll: true });
    scrollTo(inner || row);
  }
  // Rows that come into view for the first time get their true height, and move what is below them.
  function scrollTo(place) {
    place.scrollIntoView();
    requestAnimationFrame(() => requestAnimationFrame(() => place.scrollIntoView()));
  }
  addEventListener("hashchange", go);
  // A link to the current address does not change it, and has to scroll all the same.
  document.addEventListener("click", (e) => {
    const link = e.target.closest?.("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) go();
  });

  // --- copying ---

  function announce(text) {
    $("announced").textContent = "";
    setTimeout(() => { $("announced").textContent = text; });
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea"); // for browsers without a clipboard for files
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  document.addEventListener("click", async (e) => {
    const button = e.target.closest?.("button.copy");
    if (!button) return;
    await copy(button.parentElement.querySelector("pre, code").textContent);
    button.focus();
    button.firstChild.textContent = "Copied";
    announce("Copied");
    setTimeout(() => { button.firstChild.textContent = "Copy"; }, 2000);
  });

  // --- the keyboard ---

  document.addEventListener("keydown", (e) => {
    if (e.key === "/" && !e.ctrlKey && !e.metaKey && !e.altKey && !e.target.closest("input, select, textarea")) {
      e.preventDefault();
      $("text").focus();
      $("text").select();
    }
    if (e.key === "Escape" && e.target === $("text") && $("text").value) {
      $("text").value = "";
      address();
      apply();
    }
  });

  // --- the start ---

  // The header and the filter stay in view, so what is scrolled to has to be below them. Their height depends on the width.
  function measureBars() {
    const header = document.querySelector("body > header").offsetHeight;
    document.documentElement.style.setProperty("--header", header + "px");
    document.documentElement.style.setProperty("--filter", form.offsetHeight + "px");
  }
  measureBars();
  addEventListener("resize", measureBars);

  // What is not in view has no layout, so it gets the height that it will have.
  for (const feature of document.querySelectorAll(".feature")) {
    feature.style.containIntrinsicSize = "auto " + (4 + 2.1 * feature.querySelectorAll("details.s").length) + "rem";
  }
  for (const row of rows) if (row.open) fill(row);
  if (fields.some((name) => form.elements[name].value)) apply(); // what a browser kept over a reload
  // A browser goes to what stands after # by itself, and takes the focus away while it loads; so we go after it.
  if (location.hash.length > 1) addEventListener("load", () => requestAnimationFrame(go));
  document.documentElement.dataset.ready = "yes";
})();
