// Days and times of day as people write them, by the calendar of this machine.

export interface Time {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
}

export interface Day {
  readonly date: Date;
  /** It comes every year: one that is over means the next. */
  readonly passes: boolean;
  /** What stands behind it. */
  readonly rest: string;
}

/** `17:30`, `5:30pm`, `9am`, `03:00:15`; null: it is none. */
export function timeOf(text: string): Time | null {
  const match = /^(?:at )?(\d{1,2})(?::(\d\d))?(?::(\d\d))?\s*(am|pm)?$/.exec(text.trim());
  if (match === null || (match[2] === undefined && match[4] === undefined)) return null;
  const [, hour = "", minute = "0", second = "0", half] = match;
  const typed = Number(hour);
  if (half !== undefined && (typed < 1 || typed > 12)) return null;
  const hours = half === undefined ? typed : (typed % 12) + (half === "pm" ? 12 : 0);
  const [minutes, seconds] = [Number(minute), Number(second)];
  return hours < 24 && minutes < 60 && seconds < 60 ? { hours, minutes, seconds } : null;
}

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const months = [
  ...["january", "february", "march", "april", "may", "june", "july"],
  ...["august", "september", "october", "november", "december"],
];

/** null: the text begins with no day, or with one that does not exist. */
export function dayOf(text: string, today: Date): Day | null {
  for (const [form, read] of forms) {
    const match = form.exec(text);
    if (match === null) continue;
    const day = read(match.slice(1), today);
    const rest = text.slice(match[0].length).replace(/^[\s,t]+/, "");
    return day && { ...day, rest };
  }
  return null;
}

type Read = (parts: readonly (string | undefined)[], today: Date) => Omit<Day, "rest"> | null;

const forms: readonly (readonly [RegExp, Read])[] = [
  [/^(\d{4})-(\d{1,2})-(\d{1,2})(?=[\st]|$)/, ([y, m, d]) => day(y, Number(m), Number(d), false)],
  [/^(\d{1,2})\/(\d{1,2})(?:\/(\d{4}))?(?=\s|$)/, ([m, d, y], now) => dated(y, [m, d], now)],
  [
    /^(\d{1,2}) ([a-z]{3,9})\.?(?: (\d{4}))?(?=[\s,]|$)/,
    ([d, name = "", y], now) => dated(y, [monthOf(name), d], now),
  ],
  [/^(today)(?=\s|$)/, (_, now) => ({ date: now, passes: false })],
  [/^(tomorrow)(?=\s|$)/, (_, now) => ({ date: inDays(now, 1), passes: false })],
  [/^(?:next )?([a-z]{3,9})(?=\s|$)(?! \d{1,2}(?:[\s,]|$))/, weekday],
  [
    /^([a-z]{3,9})\.? (\d{1,2})(?:,? (\d{4}))?(?=[\s,]|$)/,
    ([name = "", d, y], now) => dated(y, [monthOf(name), d], now),
  ],
];

/** The next one; the same day of the week is in seven days. */
function weekday([name = ""]: readonly (string | undefined)[], today: Date) {
  const wanted = weekdays.findIndex((each) => name.length >= 3 && each.startsWith(name));
  if (wanted < 0) return null;
  const days = (wanted - today.getDay() + 7) % 7;
  return { date: inDays(today, days === 0 ? 7 : days), passes: false };
}

function monthOf(name: string): string {
  return String(months.findIndex((each) => each.startsWith(name)) + 1);
}

function dated(
  year: string | undefined,
  [month, date]: readonly (string | undefined)[],
  today: Date,
): Omit<Day, "rest"> | null {
  const typed = year ?? String(today.getFullYear());
  return day(typed, Number(month), Number(date), year === undefined);
}

function day(year: string | undefined, month: number, date: number, passes: boolean) {
  const found = new Date(Number(year), month - 1, date);
  const exists = found.getMonth() === month - 1 && found.getDate() === date;
  return exists ? { date: found, passes } : null;
}

function inDays(from: Date, days: number): Date {
  const date = new Date(from);
  date.setDate(date.getDate() + days);
  return date;
}
