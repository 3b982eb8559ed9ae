// Times for programs (ISO 8601 in UTC with milliseconds) and for people (how long ago).

export { isoTime } from "../../control/rows/iso-time.ts";

/** By the clock on the wall, such as `Sun 2026-11-22 03:00:00 Europe/Berlin`. */
export function wallTime(ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en", {
    ...{ timeZone, hourCycle: "h23", weekday: "short", year: "numeric", month: "2-digit" },
    ...{ day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  });
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const all = (...types: Intl.DateTimeFormatPartTypes[]) => types.map((type) => parts.get(type));
  const [date, time] = [all("year", "month", "day"), all("hour", "minute", "second")];
  return `${parts.get("weekday")} ${date.join("-")} ${time.join(":")} ${timeZone}`;
}

const units: readonly (readonly [number, string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** A period in its largest unit, such as `3 min`; `0 s` below a second. */
export function period(ms: number): string {
  const [size, unit] = units.find(([each]) => ms >= each) ?? [1_000, "s"];
  return `${Math.floor(Math.max(0, ms) / size)} ${unit}`;
}

/** Bytes as people read them, such as `81 MB`. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
