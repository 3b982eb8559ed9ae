// Why a text is no cron expression, in a sentence that names the field. The library's own sentences
// speak of its internals; but it can be asked about one field at a time.

import { Cron } from "croner";

export const advice =
  'write five fields, such as "0 3 * * *", six with seconds first, @daily, or every 10m';

/** Those of six; five begin with the second. */
const fields = [
  { name: "second", range: "0 to 59" },
  { name: "minute", range: "0 to 59" },
  { name: "hour", range: "0 to 23" },
  { name: "day of the month", range: "1 to 31" },
  { name: "month", range: "1 to 12 or JAN to DEC" },
  { name: "day of the week", range: "0 to 7 or SUN to SAT" },
] as const;

/** What follows the expression in a message. */
export function whyNoCron(written: string): string {
  const parts = written.split(" ");
  const looksLikeCron = parts.length > 1 && /^[\d*]/.test(written);
  if (!looksLikeCron) return `is not a schedule; ${advice}`;
  if (parts.length !== 5 && parts.length !== 6) {
    return `is not a schedule: it has ${parts.length} fields; ${advice}`;
  }
  const wrong = parts.findIndex((_, at) => !isField(parts, at));
  if (wrong === -1) return `is not a schedule; ${advice}`;
  const { name, range } = fields[wrong + fields.length - parts.length]!;
  const shown = JSON.stringify(parts[wrong]!.slice(0, 40));
  return `is not a schedule: ${shown} is no ${name}; write ${range}, or * for every one`;
}

/** Of an expression whose fields are all right: only days are missing from months. */
export const neverDue =
  "is never due: no month that it names has such a day; write another day, or * for every month";

function isField(parts: readonly string[], at: number): boolean {
  try {
    new Cron(parts.map((part, index) => (index === at ? part : "*")).join(" "), { paused: true });
    return true;
  } catch {
    return false;
  }
}
