// The picture of the README: bars for each contender in panels, written by hand as SVG. It
// brings its own colours for light and dark pages, and text that a screen reader can read.

import { us } from "./compare.ts";
import { peersIn } from "./facts.ts";
import type { Figure, Measured, Unit } from "./figures.ts";
import type { Report } from "./report.ts";

const panels = [
  { title: "Jobs per second", note: "drain, one process, 20 at once", better: "more" },
  { title: "Milliseconds from enqueue to start", note: "median, idle workers", better: "less" },
  { title: "Enqueued one by one", note: "per second, one client", better: "more" },
  { title: "Enqueued in bulk", note: "per second, 1,000 in a call", better: "more" },
  { title: "Jobs per second on SQLite", note: "drain, one process, 20 at once", better: "more" },
  { title: "Statements per job", note: "PostgreSQL, from bulk enqueue to the end", better: "less" },
] as const;

type Panel = (typeof panels)[number];

const size = {
  width: 900,
  panel: 420,
  gap: 30,
  margin: 14,
  row: 23,
  head: 58,
  between: 20,
  top: 12,
  foot: 62,
};
/** Where bars begin and how long the longest is, within a panel. */
const bars = { from: 172, longest: 186 };

function digits(unit: Unit): Intl.NumberFormatOptions {
  if (unit === "ms") return { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return unit === "" ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 };
}

const style = `
    svg { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; }
    text { fill: #1f2328; }
    .title { font-size: 14px; font-weight: 600; }
    .quiet { fill: #59636e; }
    .number { font-variant-numeric: tabular-nums; }
    .us { font-weight: 600; }
    rect { fill: #b6bfc9; }
    rect.us { fill: #4f46e5; }
    rect.limit { fill: none; stroke: #818b98; stroke-dasharray: 3 2; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .quiet { fill: #9198a1; }
      rect { fill: #4b535d; }
      rect.us { fill: #8b85ff; }
      rect.limit { stroke: #7d8590; }
    }`;

export function chart(report: Report): string {
  let y = size.top;
  const body: string[] = [];
  for (let left = 0; left < panels.length; left += 2) {
    const pair = panels.slice(left, left + 2).map((panel) => ({
      panel,
      drawn: barsOf(report, panel),
    }));
    body.push(...pair.map(({ panel, drawn }, side) => draw(panel, drawn, { side, y })));
    const rows = Math.max(...pair.map(({ drawn }) => drawn.length));
    y += size.head + rows * size.row + size.between;
  }
  const height = y + size.foot;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" role="img"`,
    `  aria-label="Queue Runtime compared with its peers">`,
    `  <style>${style}\n  </style>`,
    ...body,
    ...caption(report, height),
    "</svg>\n",
  ].join("\n");
}

interface Bar {
  readonly contender: string;
  readonly figure: Measured;
}

/** The best first; of the limit's variants only the best. */
function barsOf(report: Report, panel: Panel): readonly Bar[] {
  const found = report.results
    .flatMap(({ figures }) => figures)
    .filter((figure): figure is Measured => isBar(figure, panel.title))
    .map((figure) => ({ contender: figure.bar!.contender, figure }));
  const sign = panel.better === "more" ? -1 : 1;
  const sorted = found.sort((a, b) => sign * (a.figure.value - b.figure.value));
  const limit = sorted.find(isLimit);
  return sorted.filter((bar) => !isLimit(bar) || bar === limit);
}

function isBar(figure: Figure, panel: string): boolean {
  return !("missing" in figure) && figure.bar?.panel === panel;
}

const isLimit = ({ contender }: Bar): boolean => contender.startsWith("bare SQL");

interface Place {
  /** 0 left, 1 right. */
  readonly side: number;
  readonly y: number;
}

function draw(panel: Panel, all: readonly Bar[], { side, y }: Place): string {
  const x = size.margin + side * (size.panel + size.gap);
  const most = Math.max(...all.map(({ figure }) => figure.value));
  return [
    `  <g transform="translate(${x} ${y})">`,
    `    <text class="title" x="0" y="16">${panel.title}</text>`,
    `    <text class="quiet" x="0" y="34">${panel.note}; ${panel.better} is better</text>`,
    ...all.map((bar, index) => row(bar, size.head + index * size.row, most)),
    "  </g>",
  ].join("\n");
}

function row(bar: Bar, y: number, most: number): string {
  const { value } = bar.figure;
  const length = Math.max(1, (value / most) * bars.longest).toFixed(1);
  const kind = bar.contender === us ? ' class="us"' : isLimit(bar) ? ' class="limit"' : "";
  const text = bar.contender === us ? "us" : "quiet";
  const name = bar.contender === us ? "Queue Runtime" : bar.contender;
  const shown = value.toLocaleString("en-GB", digits(bar.figure.unit));
  const end = bars.from + Number(length) + 6;
  return [
    `    <text class="${text}" x="${bars.from - 8}" y="${y + 4}" text-anchor="end">${name}</text>`,
    `    <rect${kind} x="${bars.from}" y="${y - 7}" width="${length}" height="15" rx="2"/>`,
    `    <text class="number ${text}" x="${end}" y="${y + 4}">${shown}</text>`,
  ].join("\n");
}

function caption({ facts }: Report, height: number): string[] {
  const { cores, cpu, node, postgres, redis } = facts;
  const servers = [`Node ${node}`, `PostgreSQL ${postgres}`, ...(redis ? [`Redis ${redis}`] : [])];
  const lines = [
    `npm run bench on ${cores} cores (${cpu}), ${servers.join(", ")}: medians, by turns in one run.`,
    `${peersIn(facts)}; their settings: test/bench/contenders.`,
    "Dashed: the bare SQL in a loop, the limit.",
  ];
  return lines.map((line, index) => {
    const y = height - size.foot + 16 + index * 17;
    return `  <text class="quiet" x="${size.margin}" y="${y}">${line}</text>`;
  });
}
