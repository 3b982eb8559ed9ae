// From the rounds of contenders to figures: one line for each of them, and ratios between two.

import type { Attempts } from "../harness/measurement.ts";
import { type Budget, type Figure, type Measured, median, medianOf, type Unit } from "./figures.ts";

export type Contest = Readonly<Record<string, Attempts>>;

/** How we ourselves are called. */
export const us = "the runtime";

/** A line for each contender, for a panel of the chart if it has one. */
export function lines(contest: Contest, unit: Unit, panel?: string): Figure[] {
  return Object.entries(contest).map(([contender, { rounds, missing }]) => {
    if (missing !== null) return { what: contender, missing };
    const figure: Measured = medianOf(contender, unit, rounds);
    return panel === undefined ? figure : { ...figure, bar: { panel, contender } };
  });
}

/** Ours by theirs, round by round: both stood the same weather. */
export function against(
  contest: Contest,
  theirs: string,
  how: { readonly unit: "x" | "%"; readonly budget?: Budget },
): Figure {
  const what = `${us} / ${theirs}`;
  const [mine, other] = [contest[us]!, contest[theirs]!];
  const absent = [us, theirs].filter((name) => contest[name]!.missing !== null);
  if (absent.length > 0) return { what, missing: `without ${absent.join(" and ")}` };
  const factor = how.unit === "%" ? 100 : 1;
  const ratios = mine.rounds.map((value, round) => (value / other.rounds[round]!) * factor);
  return medianOf(what, how.unit, ratios, how.budget ?? null);
}

/** Of these the one with the highest median: the limit is the best of its variants. */
export function best(contest: Contest, names: readonly string[]): string {
  const measured = names.filter((name) => contest[name]!.missing === null);
  const rank = (name: string): number => median(contest[name]!.rounds);
  return measured.reduce((one, other) => (rank(other) > rank(one) ? other : one), names[0]!);
}
