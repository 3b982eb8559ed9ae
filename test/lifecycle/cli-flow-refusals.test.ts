// What the commands on recurring tasks refuse, and in which words.

import { expect, test } from "vitest";
import { Project } from "../support/project.ts";

const tasks = { nightly: { schedule: "0 3 * * *", job: "quick" } };
const config = { scheduler: { name: "test", tasks } };

test.each([
  [["remove", "nobody"], 1, /there is no recurring task "nobody"/],
  [["pause", "nobody"], 1, /there is no recurring task "nobody"/],
  [["next", "nobody"], 1, /there is no recurring task "nobody"/],
  [["add", "x", "--job", "quick"], 64, /recurring add needs --schedule/],
  [["add", "x", "--schedule", "@daily"], 64, /recurring add needs --job/],
  [["add", "x", "--schedule", "soon", "--job", "quick"], 64, /"soon" is not a schedule/],
  [["add", "x", "--schedule", "* * 31 2 *", "--job", "quick"], 64, /is never due/],
  [
    ["add", "x", "--schedule", "@daily", "--job", "quick", "--time-zone", "Mars/Base"],
    64,
    /"Mars\/Base" is not a time zone/,
  ],
  [
    ["add", "x", "--schedule", "@daily", "--job", "quick", "--catch-up", "two"],
    64,
    /--catch-up "two" is not a choice; write none, one or all/,
  ],
  [["next", "nightly", "--count", "0"], 64, /--count "0" is not a whole number/],
])("recurring %j is refused", async (words, code, sentence) => {
  await using project = new Project({ config });
  const run = (...all: string[]) => project.cli(...all, "-c", "queue.yml");
  await run("migrate");
  const answer = await run("recurring", ...words);
  expect(answer).toMatchObject({ code, stdout: "" });
  expect(answer.stderr).toMatch(sentence);
});
