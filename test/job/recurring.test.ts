// Recurring tasks that are added at runtime, and the schedules of jobs in the test kit's world.

import { defineJob } from "@queue-runtime/job";
import { type TestQueue, testQueue } from "@queue-runtime/job/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const ran: unknown[] = [];
const note = (input: unknown) => void ran.push(input);

const plain = defineJob({ name: "plain", perform: (input: unknown) => note(input) });
const single = defineJob({
  name: "single",
  perform: (input: { id: number }) => note(input),
  unique: { key: (input) => `${input.id}` },
});

let queue: TestQueue;

beforeEach(async () => {
  ran.length = 0;
  queue = await testQueue({ jobs: [plain, single] });
});

afterEach(() => queue.close());

describe("recurring tasks", () => {
  test("are added, changed, paused and removed by their key", async () => {
    await queue.recurring.add("nightly", { job: plain, input: { n: 1 }, schedule: "0 3 * * *" });
    expect(await queue.recurring.list()).toMatchObject([
      {
        key: "nightly",
        source: "runtime",
        schedule: "0 3 * * *",
        timeZone: null,
        paused: false,
        catchUp: "none",
        job: { name: "plain", args: { n: 1 } },
      },
    ]);
    const again = { job: single, input: { id: 1 }, schedule: "every 10m", queue: "q", priority: 2 };
    await queue.recurring.add("nightly", { ...again, catchUp: "one", description: "Often" });
    expect(await queue.recurring.pause("nightly")).toBe(true);
    expect(await queue.recurring.list()).toMatchObject([
      {
        schedule: "every 10m",
        paused: true,
        catchUp: "one",
        description: "Often",
        job: { name: "single", queue: "q", priority: 2, uniques: [{ key: "single/1" }] },
      },
    ]);
    expect(await queue.recurring.resume("nightly")).toBe(true);
    expect(await queue.recurring.remove("nightly")).toBe(true);
    expect(await queue.recurring.remove("nightly")).toBe(false);
    expect(await queue.recurring.pause("nightly")).toBe(false);
  });

  test("enqueue their job for each tick that the clock passes, also those of a schedule", async () => {
    const hourly = defineJob({
      name: "hourly",
      perform: note,
      schedule: { cron: "30 * * * *", input: "half past" },
    });
    await using world = await testQueue({ jobs: [hourly, plain] });
    await world.recurring.add("often", { job: plain, input: "often", schedule: "every 20m" });
    expect(await world.drain()).toMatchObject({ finished: 0 });
    world.advance("50m");
    expect(await world.drain()).toMatchObject({ finished: 3 });
    expect([...ran].sort()).toEqual(["half past", "often", "often"]);
    expect(await world.drain()).toMatchObject({ finished: 0 });
    await world.recurring.pause("often");
    world.advance("1h");
    expect(await world.drain()).toMatchObject({ finished: 1 });
    await world.recurring.resume("often");
    world.advance("10m");
    expect(await world.drain()).toMatchObject({ finished: 1 });
    expect(await world.recurring.list()).toMatchObject([
      { key: "hourly", source: "code:test" },
      { key: "often", source: "runtime" },
    ]);
  });

  test.for(["", "a\nb", " a", "x".repeat(201), 5])("are not named %j", async (name) => {
    const task = { job: plain, schedule: "@daily", input: null };
    await expect(queue.recurring.add(name as string, task)).rejects.toThrow(TypeError);
    expect(await queue.recurring.list()).toEqual([]);
  });

  const add = (task: object) =>
    (queue.recurring.add as (key: string, task: unknown) => Promise<void>)("nightly", task);

  test.for<[object, string]>([
    [{ job: plain, schedule: "0 0 30 2 *" }, 'task "nightly": "0 0 30 2 *" is never due'],
    [{ job: plain }, 'recurring task "nightly": a schedule is a string, not undefined'],
    [{ job: plain, schedule: "@daily", timeZone: "Mars" }, '"Mars" is not a time zone'],
    [{ job: plain, schedule: "@daily", catchUp: "any" }, 'catchUp cannot be "any"; did you mean'],
    [{ job: plain, schedule: "@daily", every: "1d" }, 'task "nightly" has no option "every"'],
    [{ schedule: "@daily" }, "the first argument must be a job or a jobRef, not undefined"],
    [{ job: single, schedule: "@daily", input: { id: undefined } }, "input.id is undefined"],
  ])("are refused with a sentence: %#", async ([task, sentence]) => {
    await expect(add(task)).rejects.toThrow(sentence);
    expect(await queue.recurring.list()).toEqual([]);
  });
});
