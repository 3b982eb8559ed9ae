// What queue.yml says about time and limits: recurring tasks, concurrency, queues.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import { expect, test } from "vitest";
import { load } from "./support/config-file.ts";

test("where tasks and limits are written is known, for what only the code of jobs can tell", async () => {
  const { lines } = await load(
    `
scheduler:
  tasks:
    nightly:
      schedule: "@daily"
      job: a
    "at noon": { schedule: "0 12 * * *", job: a }
concurrency:
  limits: { a.b: 3 }
`,
  );
  expect(lines).toEqual({
    "scheduler.tasks.nightly": 4,
    'scheduler.tasks."at noon"': 7,
    'concurrency.limits."a.b"': 9,
  });
});

test("tasks of the scheduler are kept whole", async () => {
  const { scheduler } = await load(
    `
scheduler:
  name: billing
  catch_up: one
  tasks:
    toString: { schedule: "0 3 * * *", time_zone: Europe/Berlin, job: a.b, args: { constructor: [1.5, "\${N}", null] } }
    often: { schedule: "*/5 * * * * *", job: c, queue: night, priority: -3, description: why not, catch_up: all }
    daily: { schedule: "@daily", job: c }
`,
    { env: { N: "1" } },
  );
  const unsaid = { queue: null, priority: null, description: null, catchUp: null };
  expect(scheduler).toEqual({
    name: "billing",
    pollingIntervalMs: 5_000,
    catchUp: "one",
    tasks: [
      {
        name: "toString",
        schedule: "0 3 * * *",
        timeZone: "Europe/Berlin",
        job: "a.b",
        args: { constructor: [1.5, "1", null] },
        ...unsaid,
      },
      {
        name: "often",
        schedule: "*/5 * * * * *",
        timeZone: null,
        job: "c",
        args: null,
        queue: "night",
        priority: -3,
        description: "why not",
        catchUp: "all",
      },
      { name: "daily", schedule: "@daily", timeZone: null, job: "c", args: null, ...unsaid },
    ],
  });
});

test("limits and queues may have any name, and what is left out is no limit", async () => {
  const { concurrency, queues } = await load(`
concurrency: { limits: { invoice.send: 5, toString: 1 } }
queues:
  mail: { slots: 5, rate: { limit: 100, per: 1s, burst: 10 }, fair: true }
  constructor: { rate: { limit: 3, per: 1m } }
  plain: {}
`);
  expect(concurrency).toEqual({ limits: { "invoice.send": 5, toString: 1 } });
  expect(queues).toEqual({
    mail: { slots: 5, rate: { limit: 100, perMs: 1_000, burst: 10 }, fair: true },
    constructor: { slots: null, rate: { limit: 3, perMs: 60_000, burst: 3 }, fair: false },
    plain: { slots: null, rate: null, fair: false },
  });
});
