// Draws the timeline from the table of serials: without a script the table alone tells it.
"use strict";
(function () {
  const place = document.getElementById("timeline");
  const rows = Array.from(document.querySelectorAll("#serials tbody tr")).reverse();
  if (!place || typeof uPlot === "undefined" || rows.length === 0) return;

  const times = rows.map((row) => Date.parse(row.dataset.at) / 1000);
  const sizes = rows.map((row) => Number(row.dataset.entries));
  const added = rows.map((row) => Number(row.dataset.added) || null);
  const removed = rows.map((row) => -Number(row.dataset.removed) || null);
  if (times.length === 1) {  // a line needs two ends
    times.push(times[0] + 3600);
    sizes.push(sizes[0]);
    added.push(null);
    removed.push(null);
  }

  let chart = null;
  function ink(name) {  // light-dark() is resolved by a property that takes a colour
    const probe = document.createElement("span");
    probe.className = "ink-" + name;
    place.appendChild(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }
  function draw() {
    if (chart) chart.destroy();
    const soft = ink("soft"), line = ink("line"), accent = ink("accent"), come = ink("come"), go = ink("go");
    const day = "{YYYY}-{MM}-{DD}";
    const dates = [  // the day first, hours from 0 to 24, whatever the language
      [3600 * 24 * 365, "{YYYY}", null, null, null, null, null, null, 1],
      [3600 * 24 * 28, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
      [3600 * 24, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
      [3600, "{HH}:00", "\n" + day, null, "\n{MM}-{DD}", null, null, null, 1],
      [60, "{HH}:{mm}", "\n" + day, null, "\n{MM}-{DD}", null, null, null, 1],
      [1, "{HH}:{mm}:{ss}", "\n" + day, null, "\n{MM}-{DD}", null, null, null, 1],
    ];
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line }, font: "12px system-ui, sans-serif" };
    const rest = (u) => { if (u.cursor.idx == null) u.setLegend({ idx: rows.length - 1 }); };
    const count = (u, value) => (value == null ? "–" : String(Math.abs(value)));
    const bars = uPlot.paths.bars({ size: [0.6, 12, 2] });
    chart = new uPlot({
      width: place.clientWidth,
      height: 220,
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC"),
      legend: { live: true },
      cursor: { y: false },
      hooks: { ready: [rest], setCursor: [rest] },
      axes: [Object.assign({ values: dates, space: 64 }, axis), Object.assign({ size: 56 }, axis)],
      scales: { y: { range: (u, low, high) => [Math.min(0, low), Math.max(1, high) * 1.08] } },
      series: [
        { label: place.dataset.time, value: "{YYYY}-{MM}-{DD} {HH}:{mm}" },
        { label: place.dataset.size, value: count, stroke: accent, width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { size: 5, fill: accent } },
        { label: place.dataset.added, value: count, stroke: come, fill: come, paths: bars, points: { show: false } },
        { label: place.dataset.removed, value: count, stroke: go, fill: go, paths: bars, points: { show: false } },
      ],
    }, [times, sizes, added, removed], place);
    place.dataset.drawn = String(rows.length);
  }

  draw();
  new ResizeObserver(() => { if (chart && chart.width !== place.clientWidth) chart.setSize({ width: place.clientWidth, height: 220 }); }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
