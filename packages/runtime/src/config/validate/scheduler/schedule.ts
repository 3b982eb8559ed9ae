// When a task is due: a schedule and a time zone, checked without waiting for the tick. What they
// may be is known to the package of jobs, which schedules in code go through as well.

import { checkTimeZone, parseSchedule } from "@queue-runtime/job/text";
import { type Reader, text } from "../../readers.ts";

const advice =
  'write five fields, such as "0 3 * * *", six with seconds first, @daily, or every 10m';

export const schedule: Reader<string> = checked(text(advice, 200), (expression) => {
  parseSchedule(expression);
});

export const timeZone: Reader<string> = checked(
  text("write an IANA name, such as Europe/Berlin or UTC", 100),
  checkTimeZone,
);

/** `check` throws an error whose message is the problem. */
function checked(read: Reader<string>, check: (value: string) => void): Reader<string> {
  return (tree, problems) => {
    const value = read(tree, problems);
    if (value === undefined) return undefined;
    try {
      check(value);
      return value;
    } catch (error) {
      problems.add(tree.place, (error as Error).message);
      return undefined;
    }
  };
}
