// Draws the curves: one panel per measure, with logarithmic axes, readable on light and dark.

const width = 250;
const height = 170;
const margin = { left: 46, right: 14, top: 30, bottom: 30 };
const columns = 3;
/** The same for every panel, so that equal slopes look equal. */
const yFactor = 12;

const style = `
  text { font: 11px system-ui, sans-serif; fill: #57606a }
  .title { font-size: 12px; font-weight: 600 }
  .grid { stroke: #8b949e; stroke-opacity: 0.3 }
  .nlogn { stroke: #8b949e; stroke-dasharray: 4 3; fill: none }
  .curve { stroke: #2f81f7; stroke-width: 2; fill: none }
  .point { fill: #2f81f7 }
  @media (prefers-color-scheme: dark) { text { fill: #a5aeb8 } }`;

/** `panels`: [{ title, points: [[n, y], ...], text: (y) => string }]; gives the text of an SVG. */
export function chart(panels, description) {
  const rows = Math.ceil(panels.length / columns);
  const size = [columns * width, rows * height + 24];
  const drawn = panels.map((panel, i) => {
    const at = [(i % columns) * width, Math.floor(i / columns) * height];
    return `<g transform="translate(${at})">${drawPanel(panel)}</g>`;
  });
  const legend = `<text x="${margin.left}" y="${size[1] - 8}">solid: measured, per activity, with so many in flight; dashed: what n log n in all would come to per activity</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(' ')}" width="${size[0]}" height="${size[1]}" role="img">
<title>${description}</title>
<style>${style}
</style>
${[...drawn, legend].join('\n')}
</svg>
`;
}

function drawPanel({ title, points, text }) {
  const [first, last] = [points[0], points.at(-1)];
  // A total of n log n is log n for each one; drawn through the first point.
  const compared = points.map(([n]) => [n, (first[1] * Math.log(n)) / Math.log(first[0])]);
  const values = [...points, ...compared].map(([, y]) => y);
  const middle = Math.sqrt(Math.min(...values) * Math.max(...values));
  const spread = Math.max(yFactor, (Math.max(...values) / Math.min(...values)) * 1.5);
  const [low, high] = [middle / Math.sqrt(spread), middle * Math.sqrt(spread)];

  const plot = { right: width - margin.right, bottom: height - margin.bottom };
  const scale = (value, [from, to], [start, end]) =>
    Number((start + (Math.log(value / from) / Math.log(to / from)) * (end - start)).toFixed(1));
  const x = (n) => scale(n, [first[0], last[0]], [margin.left, plot.right]);
  const y = (value) => scale(value, [low, high], [plot.bottom, margin.top]);
  const path = (line) => line.map(([n, value]) => `${x(n)},${y(value)}`).join(' ');

  const grid = ticks(low, high).map(
    (value) =>
      `<line class="grid" x1="${margin.left}" x2="${plot.right}" y1="${y(value)}" y2="${y(value)}"/>` +
      `<text x="${margin.left - 5}" y="${y(value) + 4}" text-anchor="end">${text(value)}</text>`,
  );
  const sizes = points.map(
    ([n]) => `<text x="${x(n)}" y="${plot.bottom + 15}" text-anchor="middle">${short(n)}</text>`,
  );
  const dots = points.map(
    ([n, value]) => `<circle class="point" cx="${x(n)}" cy="${y(value)}" r="3"/>`,
  );
  return [
    `<text class="title" x="${margin.left}" y="16">${title}</text>`,
    ...grid,
    ...sizes,
    `<polyline class="nlogn" points="${path(compared)}"/>`,
    `<polyline class="curve" points="${path(points)}"/>`,
    ...dots,
  ].join('\n');
}

/** 1, 2 and 5 of each decade. */
function ticks(low, high) {
  const found = [];
  for (let decade = 10 ** Math.floor(Math.log10(low)); decade <= high; decade *= 10) {
    found.push(...[1, 2, 5].map((step) => Number((step * decade).toPrecision(1))));
  }
  return found.filter((value) => value >= low && value <= high);
}

const short = (n) => (n >= 1e6 ? `${n / 1e6}M` : n >= 1e3 ? `${n / 1e3}k` : String(n));
