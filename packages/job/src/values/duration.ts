// Durations as people write them. Everything behind the API counts in milliseconds.

/** `"100ms"`, `"25s"`, `"5m"`, `"2h"`, `"7d"`, fractions allowed, or a number of milliseconds. */
export type Duration = number | string;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const forms = "write one like 100ms, 25s, 5m, 2h or 7d, or a number of milliseconds";

/** Ten years: longer ones are nearly always a mistake in the unit. */
const longestMs = 3_650 * 86_400_000;

/**
 * Whole milliseconds, at least 0 and at most ten years.
 * @throws RangeError with a sentence that shows the right forms
 */
export function parseDuration(duration: Duration): number {
  const ms = typeof duration === "string" ? fromText(duration) : duration;
  if (typeof ms !== "number" || Number.isNaN(ms)) {
    throw new RangeError(`${shown(duration)} is not a duration; ${forms}`);
  }
  if (ms < 0) throw new RangeError(`${shown(duration)} is negative; a duration is at least 0`);
  if (ms > longestMs) {
    throw new RangeError(`${shown(duration)} is longer than ten years, the longest duration`);
  }
  return Math.round(ms);
}

function fromText(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * unitMs[match[2]!]!;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  return typeof value === "number" ? String(value) : `a value of type ${typeof value}`;
}
