// A curve as a small picture, with its sentence below it; where the curve has no finite value there is a grey gap.

const WIDE = 240, HIGH = 130, MOST = 1e307; // the size of the picture; and what is drawn as if it were no larger

function shape(tag, attributes, ...inside) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

const bounded = (h) => Number.isFinite(h) ? Math.max(-MOST, Math.min(MOST, h)) : NaN;

function between(heights, outside, point) { // the lowest and the highest that is in view: a share of each may lie outside, the point may not
  const sorted = heights.filter((h) => !Number.isNaN(h)).sort((a, b) => a - b), pick = (share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const held = Number.isNaN(point) ? pick(.5) : point, low = Math.min(pick(outside), held), high = Math.max(pick(1 - outside), held);
  const room = .15 * (high - low) || .5 * Math.abs(high) || 1;
  return [low - room, high + room];
}

function traced(places, tops) { // the line through the points, and the gaps in it, as paths
  const half = .5 * places[1];
  let line = "", gaps = "", last = NaN;
  for (const [i, place] of places.entries()) {
    const top = Math.max(-HIGH, Math.min(2 * HIGH, tops[i])), pole = (last < 0 && top > HIGH) || (last > HIGH && top < 0);
    if (Number.isNaN(top)) gaps += `M${place - half} 0v${HIGH}h${2 * half}V0z`;
    else line += `${Number.isNaN(last) || pole ? "M" : "L"}${place.toFixed(1)} ${top.toFixed(1)}`;
    last = top;
  }
  return [line, gaps];
}

// x, y, slope: a point on the curve, with its tangent; outside: the share of the lowest and of the highest values that need not be seen
function plot(said, xs, ys, { x, y, slope, outside = 0 } = {}) {
  const heights = ys.map(bounded), point = bounded(y), [low, high] = between(heights, outside, point), [from, to] = [xs[0], xs.at(-1)];
  const across = (at) => WIDE * ((at - from) / (to - from)), down = (h) => HIGH * ((high - h) / (high - low));
  const [line, gaps] = traced(xs.map(across), heights.map(down));
  const label = (number, at, anchor, h) => shape("text", { x: at, y: h, "text-anchor": anchor }, numberText(number, 3));
  const frame = shape("svg", { width: WIDE, height: HIGH }, shape("path", { class: "gap", d: gaps }), shape("rect", { width: WIDE, height: HIGH }),
    shape("path", { d: line }), label(high, 4, "start", 12), label(low, 4, "start", HIGH - 5));
  if (!Number.isNaN(point)) {
    const angle = Math.atan(slope * ((to - from) / (high - low) * HIGH / WIDE)), [dx, dy] = [70 * Math.cos(angle), 70 * Math.sin(angle)];
    if (!Number.isNaN(angle)) frame.append(shape("path", { class: "tangent", d: `M${across(x) - dx} ${down(point) + dy}l${2 * dx} ${-2 * dy}` }));
    frame.append(shape("circle", { cx: across(x), cy: down(point), r: 4 }));
  }
  const picture = shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH + 14}`, "aria-hidden": true }, frame,
    label(from, 0, "start", HIGH + 12), label(to, WIDE, "end", HIGH + 12));
  return make("div", "plot", picture, make("p", "", said));
}
