// Durations as people write them.

import { parseDuration } from "@queue-runtime/job";
import { expect, test } from "vitest";

test.for<[string | number, number]>([
  ["100ms", 100],
  ["25s", 25_000],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
  ["1.5s", 1_500],
  ["0s", 0],
  ["0.4ms", 0],
  [0, 0],
  [250, 250],
  [0.6, 1],
  ["3650d", 315_360_000_000],
])("%j is %d milliseconds", ([text, ms]) => {
  expect(parseDuration(text)).toBe(ms);
});

test.for<unknown>([
  "",
  "5",
  "s",
  "5 s",
  " 5s",
  "5s ",
  "5S",
  "-5s",
  "+5s",
  "5 minutes",
  "1h30m",
  "1e3ms",
  ".5s",
  "5.s",
  "٣s",
  "5s\n",
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  "3651d",
  `${"9".repeat(400)}s`,
  null,
  undefined,
  true,
  {},
  5n,
  [5],
])("no duration: case %#", (value) => {
  expect(() => parseDuration(value as string)).toThrow(RangeError);
});

test("the sentence shows the value and the right forms", () => {
  expect(() => parseDuration("5 minutes")).toThrow(
    '"5 minutes" is not a duration; write one like 100ms, 25s, 5m, 2h or 7d, or a number',
  );
  expect(() => parseDuration(-1)).toThrow("-1 is negative; a duration is at least 0");
  expect(() => parseDuration("4000d")).toThrow('"4000d" is longer than ten years');
});
