// A curve as a small picture, with its sentence below it; where the curve has no value there is a grey gap.

const WIDE = 240, HIGH = 130, MOST = 1e307; // the size of the picture; and what is drawn as if it were no larger

function shape(tag, attributes, ...inside) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

function plot(said, xs, ys, { x, y, slope, outside = 0 } = {}) { // x, y, slope: a point with its tangent; outside: the share of lowest and of highest values that need not be seen
  const heights = ys.map((h) => Math.max(-MOST, Math.min(MOST, h))), sorted = heights.filter((h) => !Number.isNaN(h)).sort((a, b) => a - b);
  const pick = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0, held = Number.isFinite(y) ? y : pick(0.5);
  let low = Math.min(pick(outside), held), high = Math.max(pick(1 - outside), held);
  const room = 0.15 * (high - low) || 0.5 * Math.abs(high) || 1;
  [low, high] = [low - room, high + room];
  const across = (at) => WIDE * (at - xs[0]) / (xs.at(-1) - xs[0]), down = (h) => HIGH * (high - h) / (high - low), half = 0.5 * across(xs[1]);
  let line = "", gaps = "", last = null;
  for (const [i, h] of heights.entries()) {
    const place = across(xs[i]), now = Math.max(-HIGH, Math.min(2 * HIGH, down(h)));
    const pole = last !== null && (last < 0 && now > HIGH || last > HIGH && now < 0); // from far above to far below
    if (Number.isNaN(h)) gaps += `M${place - half} 0v${HIGH}h${2 * half}V0z`;
    else line += `${last === null || pole ? "M" : "L"}${place.toFixed(1)} ${now.toFixed(1)}`;
    last = Number.isNaN(h) ? null : now;
  }
  const label = (number, at, anchor, h) => shape("text", { x: at, y: h, "text-anchor": anchor }, numberText(number, 3));
  const frame = shape("svg", { width: WIDE, height: HIGH }, shape("path", { class: "gap", d: gaps }), shape("rect", { width: WIDE, height: HIGH }),
    shape("path", { d: line }), label(high, 4, "start", 12), label(low, 4, "start", HIGH - 5));
  if (Number.isFinite(y)) {
    const angle = Math.atan(slope * HIGH / (high - low) * (xs.at(-1) - xs[0]) / WIDE), [dx, dy] = [70 * Math.cos(angle), 70 * Math.sin(angle)];
    if (!Number.isNaN(angle)) frame.append(shape("path", { class: "tangent", d: `M${across(x) - dx} ${down(y) + dy}l${2 * dx} ${-2 * dy}` }));
    frame.append(shape("circle", { cx: across(x), cy: down(y), r: 4 }));
  }
  const picture = shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH + 14}`, "aria-hidden": true }, frame,
    label(xs[0], 0, "start", HIGH + 12), label(xs.at(-1), WIDE, "end", HIGH + 12));
  return make("div", "plot", picture, make("p", "", said));
}
