// Did you mean.

import { closestWord } from "@queue-runtime/job";
import { expect, test } from "vitest";

const words = ["timeout", "retry", "queue", "priority", "interruptionAdapter"];

test.for<[string, string | null]>([
  ["timeuot", "timeout"],
  ["time_out", "timeout"],
  ["TIMEOUT", "timeout"],
  ["retries", null],
  ["retrys", "retry"],
  ["queu", "queue"],
  ["q", null],
  ["interruptionAdapters", "interruptionAdapter"],
  ["interuptionAdaptor", "interruptionAdapter"],
  ["completely different", null],
  ["", null],
])("%j is probably %j", ([word, meant]) => {
  expect(closestWord(word, words)).toBe(meant);
});
