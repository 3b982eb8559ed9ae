// When a task is due: a cron expression and a time zone, checked without waiting for the tick.

import { Cron } from "croner";
import { quote } from "../quote.ts";
import { type Reader, text } from "../readers.ts";

const advice = 'write five fields, such as "0 3 * * *", six with seconds first, or @daily';
const nicknames = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/;

export const schedule: Reader<string> = (tree, problems) => {
  const expression = text(advice, 200)(tree, problems);
  if (expression === undefined) return undefined;
  const complaint = complain(expression);
  if (complaint === null) return expression;
  problems.add(tree.place, `${quote(expression)} ${complaint}; ${advice}`);
  return undefined;
};

function complain(expression: string): string | null {
  const fields = expression.split(/\s+/).length;
  if (!nicknames.test(expression) && fields !== 5 && fields !== 6) return "is not a schedule";
  try {
    // In UTC no hour is missing, so that "never" means the expression and not a change of clocks.
    const next = new Cron(expression, { paused: true, timezone: "UTC" }).nextRun();
    return next === null ? "is never due" : null;
  } catch {
    // Its own sentence speaks of internals; the expression in quotes says where to look.
    return "is not a schedule";
  }
}

export const timeZone: Reader<string> = (tree, problems) => {
  const write = "write an IANA name, such as Europe/Berlin or UTC";
  const name = text(write, 100)(tree, problems);
  if (name === undefined || isTimeZone(name)) return name;
  problems.add(tree.place, `${quote(name)} is not a time zone; ${write}`);
  return undefined;
};

/** Offsets such as +01:00 are refused: they know no summer time. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
