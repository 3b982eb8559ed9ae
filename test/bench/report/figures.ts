// What a measurement hands back: figures with their spread, some with a budget to be judged by, and
// a line for whatever could not be measured.

export type Unit = "/s" | "ms" | "x" | "%" | "MB" | "/min" | "" | "B" | "rows" | "jobs";

export interface Budget {
  readonly side: "at least" | "at most" | "below";
  readonly limit: number;
}

export type Figure = Measured | Missing;

export interface Measured {
  readonly what: string;
  readonly unit: Unit;
  readonly value: number;
  /** Of the rounds or samples: lowest and highest. */
  readonly low: number;
  readonly high: number;
  /** How many rounds or samples the figure stands on. */
  readonly of: number;
  readonly budget: Budget | null;
  /** Whom it is a figure of, and of what, for the chart. */
  readonly bar?: Bar;
}

export interface Bar {
  readonly panel: string;
  readonly contender: string;
}

export interface Missing {
  readonly what: string;
  /** Why, in a few words. */
  readonly missing: string;
}

export const atLeast = (limit: number): Budget => ({ side: "at least", limit });
export const atMost = (limit: number): Budget => ({ side: "at most", limit });
export const below = (limit: number): Budget => ({ side: "below", limit });

export function isMet(figure: Figure): boolean | null {
  if ("missing" in figure || !figure.budget) return null;
  const { value, budget } = figure;
  if (budget.side === "below") return value < budget.limit;
  return budget.side === "at most" ? value <= budget.limit : value >= budget.limit;
}

/** The median of the rounds. */
export function medianOf(
  what: string,
  unit: Unit,
  rounds: readonly number[],
  budget: Budget | null = null,
): Measured {
  return figure({ what, unit, budget }, rounds, median(rounds));
}

/** One percentile of the samples: 100 is the worst. */
export function percentileOf(
  label: { readonly what: string; readonly unit?: Unit; readonly budget?: Budget | null },
  samples: readonly number[],
  percent: number,
): Measured {
  const { what, unit = "ms", budget = null } = label;
  return figure({ what, unit, budget }, samples, percentile(samples, percent));
}

function figure(
  label: Pick<Measured, "what" | "unit" | "budget">,
  samples: readonly number[],
  value: number,
): Measured {
  const sorted = ascending(samples);
  return { ...label, value, low: sorted[0]!, high: sorted.at(-1)!, of: samples.length };
}

export function median(samples: readonly number[]): number {
  const sorted = ascending(samples);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle - 1)]!) / 2;
}

/** By nearest rank: always a sample that was seen. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = ascending(samples);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}

function ascending(samples: readonly number[]): number[] {
  if (samples.length === 0) throw new Error("nothing was measured");
  return [...samples].sort((a, b) => a - b);
}
