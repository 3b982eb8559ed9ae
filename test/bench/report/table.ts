// The report for people: one line per figure.

import type { PartResult } from "../harness/part.ts";
import { type Budget, isMet, type Measured, type Missing, type Unit } from "./figures.ts";

/** Of the column that says what was measured. */
const width = 56;

const digits: Readonly<Record<Unit, number>> = {
  "/s": 0,
  ms: 2,
  x: 2,
  "%": 1,
  MB: 0,
  "/min": 0,
  "": 3,
  B: 0,
  rows: 0,
  jobs: 0,
};

const signs: Readonly<Record<Budget["side"], string>> = {
  "at least": "≥",
  "at most": "≤",
  below: "<",
};

export function table(results: readonly PartResult[]): string {
  const lines = results.flatMap((result) => [
    "",
    `${result.title} (${result.name}, ${(result.ms / 1_000).toFixed(0)} s)`,
    ...(result.error === null ? [] : [`  FAILED: ${result.error}`]),
    ...result.figures.map((figure) => ("missing" in figure ? gap(figure) : line(figure))),
  ]);
  const head = row("", "budget", "figure", "lowest – highest", "of");
  return [head, ...lines].join("\n");
}

export function verdict(results: readonly PartResult[]): string {
  const judged = results.flatMap(({ figures }) => figures.map(isMet)).filter((met) => met !== null);
  const failed = results.filter(({ error }) => error !== null).map(({ name }) => name);
  const met = judged.filter(Boolean).length;
  const rest = failed.length > 0 ? `; failed to measure: ${failed.join(", ")}` : "";
  return `${met} of ${judged.length} budgets met${rest}`;
}

function gap({ what, missing }: Missing): string {
  return `  ${what.padEnd(width)} ${"".padStart(9)} not measured: ${missing}`;
}

function line(figure: Measured): string {
  const { unit, value, low, high, of, budget } = figure;
  const met = isMet(figure);
  return row(
    figure.what,
    budget ? `${signs[budget.side]} ${budget.limit.toLocaleString("en-GB")}` : "",
    `${number(value, unit)} ${unit}`.trim(),
    of > 1 ? `${number(low, unit)} – ${number(high, unit)}` : "",
    of > 1 ? String(of) : "",
    met === null ? "" : met ? "met" : "MISSED",
  );
}

function row(...[what, budget, value, spread, of, met = ""]: string[]): string {
  const left = `  ${what!.padEnd(width)} ${budget!.padStart(9)} ${value!.padStart(14)}`;
  return `${left}  ${spread!.padStart(20)} ${of!.padStart(6)}  ${met}`.trimEnd();
}

function number(value: number, unit: Unit): string {
  const fraction = digits[unit];
  return value.toLocaleString("en-GB", {
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  });
}
