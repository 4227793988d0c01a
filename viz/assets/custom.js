// Drawings that move in the browser: the race track of the chart grammar, for any week of one future.
// Loaded by every page; colours come from the classes of tokens.css, on the page and in .strip.
(function () {
  document.documentElement.lang = "en";
  const LANE = { wide: 46, phone: 40 }, LEFT = { wide: 132, phone: 74 }, RIGHT = { wide: 56, phone: 14 }, HEAD = 26, FOOT = 24;
  const UNIT = "longest task its AI can do alone";
  const n = (x) => String(Math.round(10 * x) / 10);
  const safe = (s) => String(s).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
  const line = (x1, y1, x2, y2, c, more = "") => `<line class="${c}" x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" ${more}/>`;
  const text = (x, y, s, c, anchor = "start", more = "") => `<text class="${c}" x="${n(x)}" y="${n(y)}" text-anchor="${anchor}" ${more}>${safe(s)}</text>`;
  const disc = (x, y, r, c, more = "") => `<circle class="${c}" cx="${n(x)}" cy="${n(y)}" r="${n(r)}" ${more}/>`;
  const bar = (x, y, c) => `<rect class="${c}" x="${n(x)}" y="${n(y)}" width="3" height="10"/>`;
  const person = (x, y) =>
    `<g class="k-fill" transform="translate(${n(x)} ${n(y)}) scale(.95)"><circle cx="0" cy="-4.2" r="3"/>` +
    `<path d="M-5.2 5.4 C-5.2 0.6 -2.6 -0.2 0 -0.2 S5.2 0.6 5.2 5.4 Z"/></g>`;
  const wide = (s) => 6 * s.length; // px of a label at 13 px, roughly

  function clamp(data, week) { return Math.max(0, Math.min(data.weeks - 1, week)); }

  // A quantity between two weeks, on the straight line.
  function between(values, week) {
    const low = Math.floor(week), part = week - low;
    return part ? values[low] + part * (values[low + 1] - values[low]) : values[low];
  }

  // The week since which a lab has been closed without a break, or null.
  function closedSince(data, lab, week) {
    let w = Math.floor(clamp(data, week));
    if (!data.closed[lab][w]) return null;
    while (w > 0 && data.closed[lab][w - 1]) w -= 1;
    return w;
  }

  function month(data, week) { return Math.max(1, Math.round(week / data.weeks_a_month)); }

  // The ends of the axis: all that the race will show, so that it never moves.
  function range(data) {
    let low = 0, high = data.finish === null ? 0 : data.finish;
    for (const rows of [data.a, data.c]) for (const lab of rows) for (const v of lab) { low = Math.min(low, v); if (data.finish === null) high = Math.max(high, v); }
    return [low - 0.25, high + 0.12];
  }

  function layout(options) {
    const kind = options.phone ? "phone" : "wide";
    return { lane: options.lane || LANE[kind], left: options.left || LEFT[kind], right: RIGHT[kind], head: options.head === false ? 6 : HEAD };
  }

  function trackHeight(data, options) {
    const l = layout(options || {});
    return l.head + l.lane * data.labs.length + FOOT;
  }

  // Grid lines with the longest task an AI can do alone; where words would touch, the later ones go.
  function axis(data, X, top, bottom, options) {
    let out = "", free = -Infinity, room = [0, 0];
    const last = data.finish === null ? Infinity : X(data.finish);
    const words = options.phone ? "finish" : `${data.finish_words}: finish`;
    const end = last - (options.phone ? wide(words) : wide(words) / 2);
    for (const tick of data.ticks) {
      const x = X(tick.at), half = wide(tick.words) / 2;
      if (x < X.low || x > last - 4) continue;
      out += line(x, top, x, bottom, "grid");
      if (x - half < free + 8 || x + half > end - 8) continue;
      out += text(x, bottom + 17, tick.words, "t-mute", "middle");
      if (free > 0 && x - half - free > room[1] - room[0]) room = [free, x - half];
      free = x + half;
    }
    if (!options.phone && room[1] - room[0] > wide(UNIT) + 12) out += text((room[0] + room[1]) / 2, bottom + 17, UNIT, "t-mute", "middle", 'style="font-style:italic"');
    if (data.finish === null) return out;
    return out + line(last, top - 2, last, bottom, "ink-line") + text(last, bottom + 17, words, "t-mute", options.phone ? "end" : "middle");
  }

  // One lab: a short bar for what we can vouch for, a disc for what it can do, the gap between them.
  function lab(data, i, week, X, y, options) {
    const w = Math.floor(week), since = closedSince(data, i, week), closed = since !== null, paused = data.paused[i][w] === 1;
    const xc = X(between(data.c[i], week)), xa = X(Math.min(between(data.a[i], week), between(data.c[i], week)));
    const mark = closed ? "c-line" : "k-line", mine = i === options.you;
    const note = closed ? `closed since month ${month(data, since)}` : paused ? "paused" : "";
    const below = note && !options.phone;
    let out = text(0, y + (below ? -1 : 5), mine && options.youName ? options.youName : data.labs[i], "t-ink t-lg" + (mine ? " t-b" : ""));
    if (below) out += text(0, y + 14, note, closed ? "t-closed" : "t-mute");
    out += line(xa, y, xc, y, mark, 'style="stroke-width:3"');
    if (closed) {
      const turn = 2 * Math.PI * 9, part = options.ringWeeks ? Math.min(1, (week - since) / options.ringWeeks) : 1;
      out += disc(xc, y, 11, "paper-fill") + disc(xc, y, 4.5, "c-fill");
      out += disc(xc, y, 9, "ring", part < 1 ? `stroke-dasharray="${n(turn * part)} ${n(turn)}" transform="rotate(-90 ${n(xc)} ${n(y)})"` : "");
    } else {
      out += disc(xc, y, 8.5, "paper-fill") + disc(xc, y, 6.5, "k-fill") + disc(xc + 16, y, 7, "paper-fill") + person(xc + 16, y);
    }
    out += line(xa, y - 7, xa, y + 7, mark, 'style="stroke-width:3;stroke-dasharray:none"');
    if (paused) out += bar(xc + (closed ? 15 : 27), y - 5, closed ? "c-fill" : "k-fill") + bar(xc + (closed ? 20 : 32), y - 5, closed ? "c-fill" : "k-fill");
    if (options.phone && closed) {
      const left = xc > X.left + 90;
      out += text(left ? xc - 18 : xc + 18, left ? y - 9 : y + 5, "closed", "t-closed halo", left ? "end" : "start");
    }
    return out;
  }

  // What the bar and the disc are, above the first lab, kept apart where they are close.
  function legend(data, week, X, y, options) {
    const c = between(data.c[0], week), xc = X(c), xa = X(Math.min(between(data.a[0], week), c));
    const [vouch, can] = options.phone ? ["vouched for", "can do"] : ["what we can vouch for", "what it can do"];
    const right = Math.max(X.left + wide(vouch) - 30, Math.min(xa + 3, X.right - wide(can) - 14));
    const left = Math.max(right + 14, Math.min(xc - 3, X.right + (options.phone ? 10 : 40) - wide(can)));
    return text(right, 12, vouch, "t-mute", "end") + text(left, 12, can, "t-mute") + line(xa, 17, xa, y - 10, "axis") + line(xc, 17, xc, y - 12, "axis");
  }

  // The race track at a week (which may lie between two): what goes into an <svg> of width x trackHeight.
  // data: as viz/one_future.py makes it. options: width, phone, you (place of a lab to stress), youName,
  // lane and left (px), head (false: no words above), low and high (ends of the axis in ln C), caption
  // (words above the names), ringWeeks (weeks in which the ring closes round a disc).
  function track(data, week, options) {
    options = options || {};
    week = clamp(data, week);
    const l = layout(options), [low, high] = range(data), from = options.low === undefined ? low : options.low, to = options.high === undefined ? high : options.high;
    const X = (v) => l.left + (Math.max(from, Math.min(to, v)) - from) / (to - from) * (options.width - l.left - l.right);
    X.left = l.left; X.right = options.width - l.right; X.low = l.left;
    const bottom = l.head + l.lane * data.labs.length, Y = (i) => l.head + l.lane * (i + 0.5);
    let out = axis(data, X, l.head, bottom, options);
    data.labs.forEach((_, i) => { out += lab(data, i, week, X, Y(i), options); });
    if (options.head !== false) out += legend(data, week, X, Y(0), options);
    if (options.caption) out += text(0, 12, options.caption, options.phone ? "t-ink t-b" : "t-ink t-b t-lg");
    return out;
  }

  // The same picture in words, from the same numbers.
  function trackText(data, week, options) {
    options = options || {};
    week = clamp(data, week);
    const labs = data.labs.map((name, i) => {
      const since = closedSince(data, i, week), who = i === options.you && options.youName ? options.youName : name;
      const ahead = Math.exp(Math.max(0, between(data.c[i], week) - between(data.a[i], week)));
      return `${who}: human ${since === null ? "kept" : `removed, month ${month(data, since)}`}, can do ${ahead.toFixed(1)} times what we can vouch for`;
    });
    return `The race in month ${month(data, week)}. ${labs.join("; ")}.`;
  }

  window.labsim = Object.assign(window.labsim || {}, { track, trackHeight, trackText, trackRange: range, between, closedSince, month });
})();

// A server that does not answer any more: say what to do, and come back by itself. The address holds all that was set.
(function () {
  const BLIP = 1000, AGAIN = 1500, RESUME = 3000; // ms: nothing is said before; between two looks; a session that lives is back by then
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const connected = () => window.app.connectionStatus === "connected";
  let dialog = null, waiting = false;

  function say() {
    if (!dialog) {
      const command = `labsim app${location.port === "8765" ? "" : ` --port ${location.port}`}`;
      dialog = document.createElement("dialog");
      dialog.className = "lost";
      dialog.setAttribute("aria-labelledby", "lost-what");
      dialog.innerHTML = `<h2 id="lost-what">labsim does not answer</h2><p>Start it again in a terminal:</p>` +
        `<pre>${command}</pre><p role="status">This page then comes back by itself, with all that you set.</p>`;
      dialog.addEventListener("cancel", (event) => event.preventDefault()); // what lies below is dead
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal();
  }

  async function answers() {
    try { return (await fetch(location.pathname, { method: "HEAD", cache: "no-store" })).ok; } catch { return false; }
  }

  async function wait() {
    waiting = true;
    await pause(BLIP);
    while (!connected()) {
      say();
      if (await answers()) {
        await pause(RESUME);
        if (!connected()) { location.reload(); return; }
      } else await pause(AGAIN);
    }
    if (dialog) dialog.close();
    waiting = false;
  }

  window.addEventListener("load", () => {
    window.app.$watch("connectionStatus", () => { if (window.app.wasConnected && !connected() && !waiting) wait(); });
  });
})();
