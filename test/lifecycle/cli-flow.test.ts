// Commands on limits, recurring tasks and batches, and actions on many jobs, with no runtime running.

import { openStore } from "@queue-runtime/store";
import { jobRef, openQueue } from "queue-runtime";
import { expect, test } from "vitest";
import { Project } from "../support/project.ts";

const config = {
  scheduler: {
    name: "test",
    tasks: { nightly: { schedule: "0 3 * * *", job: "quick", args: { a: 1 }, queue: "night" } },
  },
};

function world() {
  const project = new Project({ config, jobs: ["plain.ts", "limited.ts"] });
  const run = async (...words: string[]) => await project.cli(...words, "-c", "queue.yml");
  const json = async <T = unknown>(...words: string[]): Promise<T> => {
    const { code, stdout, stderr } = await run(...words, "--json");
    if (code !== 0) throw new Error(`${words.join(" ")} exited with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  };
  return { project, run, json };
}

test("a recurring task of the file can be seen, previewed and run before any runtime started", async () => {
  const { project, run, json } = world();
  await using _ = project;
  await run("migrate");
  expect(await json("recurring", "list")).toEqual([
    {
      ...{ name: "nightly", schedule: "0 3 * * *", time_zone: null, job: "quick" },
      ...{ args: { a: 1 }, queue: "night", priority: 0, description: null, catch_up: "none" },
      ...{ source: "file:test", paused: false, last_at: null },
      next_at: expect.stringMatching(/T03:00:00.000Z$/),
    },
  ]);
  const { next } = await json<{ next: string[] }>("recurring", "next", "nightly", "--count", "3");
  expect(next).toHaveLength(3);
  const days = next.map((time) => Date.parse(time) / 86_400_000);
  expect(days.map((day) => day - days[0]!)).toEqual([0, 1, 2]);
  expect((await run("recurring", "next", "nightly")).stdout.split("\n")).toHaveLength(11);
  expect(await run("recurring", "run", "nightly")).toMatchObject({ code: 0, stdout: "1\n" });
  expect(await project.job(1)).toMatchObject({ name: "quick", queue: "night", args: { a: 1 } });
});

test("people add, change, pause, resume and remove tasks of their own", async () => {
  const { project, run, json } = world();
  await using _ = project;
  await run("migrate");
  const add = (schedule: string, ...more: string[]) =>
    run("recurring", "add", "mine", "--schedule", schedule, "--job", "exclusive", ...more);
  const args = [
    "--args",
    '{"key":"k","ms":1}',
    "--time-zone",
    "Europe/Berlin",
    "--catch-up",
    "all",
  ];
  expect(await add("30 4 * * 1", ...args)).toMatchObject({ code: 0, stdout: "mine added\n" });
  const mine = async () => {
    const all = await json<{ name: string }[]>("recurring", "list");
    return all.find(({ name }) => name === "mine");
  };
  expect(await mine()).toMatchObject({
    ...{ source: "runtime", time_zone: "Europe/Berlin", catch_up: "all", paused: false },
  });
  expect((await add("every 10m", "--args", '{"key":"k","ms":2}')).code).toBe(0);
  expect(await mine()).toMatchObject({ schedule: "every 10m", args: { key: "k", ms: 2 } });
  expect(await json("recurring", "pause", "mine")).toEqual({ name: "mine", paused: true });
  expect(await mine()).toMatchObject({ paused: true, next_at: null });
  expect(await json("recurring", "resume", "mine")).toEqual({ name: "mine", paused: false });
  // the job of a task has the slots of its definition from the beginning
  const { id } = await json<{ id: number }>("recurring", "run", "mine");
  expect(await project.job(id)).toMatchObject({ concurrency_key: "exclusive/k" });
  expect((await run("recurring", "remove", "mine")).code).toBe(0);
  expect(await mine()).toBeUndefined();
});

test("queues get settings, limits get set, and both are taken back", async () => {
  const { project, run, json } = world();
  await using _ = project;
  await run("migrate");
  const set = [
    "queue",
    "set",
    "mail",
    "--slots",
    "5",
    "--rate",
    "100/1s",
    "--burst",
    "10",
    "--fair",
  ];
  const settings = { slots: 5, rate: { limit: 100, per_ms: 1_000, burst: 10 }, fair: true };
  expect(await json(...set)).toEqual({ name: "mail", settings });
  expect(await json("queue", "list")).toMatchObject([{ name: "mail", blocked: 0, settings }]);
  const { stdout } = await run("queue", "list");
  expect(stdout).toMatch(/5 slots, 100 per 1s \(10 at once\), fair/);
  expect(await json("queue", "set", "mail", "--reset")).toEqual({ name: "mail", settings: null });
  expect(await json("queue", "list")).toEqual([]);
  for (const [words, sentence] of [
    [[], /give --slots, --rate or --fair/],
    [["--rate", "5"], /"5" is not a rate; write one like 100\/1s/],
    [["--rate", "0/1s"], /is not a rate/],
    [["--rate", "5/1s", "--burst", "6"], /--burst 6 is more than the limit 5: use 5 or less/],
    [
      ["--rate", "10/10s", "--burst", "9"],
      /--burst 9 does not divide the limit 10: use 1, 2, 5 or 10/,
    ],
    [["--rate", "5/1s", "--burst", "0"], /--burst "0" is not a whole number/],
    [["--burst", "6"], /give --rate, too/],
    [["--slots", "0"], /--slots "0" is not a whole number/],
    [["--slots", "1", "--reset"], /give it alone/],
  ] as const) {
    const refused = await run("queue", "set", "mail", ...words);
    expect(refused.code).toBe(64);
    expect(refused.stderr).toMatch(sentence);
  }
  expect(await json("concurrency", "limit", "exclusive", "3")).toMatchObject({ limit: 3 });
  expect(await json("concurrency", "list")).toEqual([{ name: "exclusive", limit: 3 }]);
  expect((await run("concurrency", "limit", "exclusive", "0")).code).toBe(64);
  expect(await json("concurrency", "reset", "exclusive")).toMatchObject({ limit: null });
  expect(await json("concurrency", "list")).toEqual([]);
});

test("enqueue takes keys, dependencies and batches", async () => {
  const { project, run, json } = world();
  await using _ = project;
  await run("migrate");
  await using queue = await openQueue(project.url);
  const batch = await queue.batch({ description: "by hand" });
  expect(await json("enqueue", "quick", "--unique", "k")).toEqual({ id: 1, outcome: "created" });
  expect(await json("enqueue", "quick", "--unique", "k")).toEqual({ id: 1, outcome: "exists" });
  const twice = ["enqueue", "quick", "--idempotency-key", "request"];
  // an answer may leave a gap among the ids
  const { id: second, outcome } = await json<{ id: number; outcome: string }>(...twice);
  expect(outcome).toBe("created");
  expect(await json(...twice)).toEqual({ id: second, outcome: "exists" });
  const after = ["enqueue", "quick", "--after", `1,${second}`, "--batch", String(batch.id)];
  const { id } = await json<{ id: number }>(...after);
  expect(await json("jobs", "--batch", String(batch.id))).toMatchObject([{ id, state: "waiting" }]);
  const unknown = await run("enqueue", "quick", "--after", "99");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toMatch(/there is no job 99 to come after/);
  expect((await run("enqueue", "quick", "--after", "1;2")).code).toBe(64);
  expect(await json("batch", "list")).toMatchObject([{ id: batch.id, description: "by hand" }]);
  expect(await json("batch", "show", String(batch.id))).toMatchObject({
    ...{ state: "open", finished_at: null },
    jobs: { total: 1, pending: 1, finished: 0, failed: 0, cancelled: 0 },
  });
  expect((await run("batch", "show", "77")).stderr).toBe("runtime: there is no batch 77\n");
});

test("actions on a filter do it to exactly the jobs that matched, each with its answer", async () => {
  const { project, run, json } = world();
  await using _ = project;
  await using queue = await openQueue(project.url);
  await queue.enqueueMany(jobRef("quick"), Array(1_200).fill({}), { queue: "many" });
  await queue.enqueueMany(jobRef("wait"), Array(3).fill({ ms: 1 }), { queue: "many" });
  await queue.enqueueMany(jobRef("quick"), Array(2).fill({}), { queue: "other" });
  const cancelled = await json<object[]>("cancel", "--queue", "many", "--name", "quick");
  expect(cancelled).toHaveLength(1_200);
  expect(cancelled[0]).toEqual({ id: 1, outcome: "cancelled" });
  const count = async () => {
    const store = await openStore(project.url);
    try {
      return await store.jobs.count();
    } finally {
      await store.close();
    }
  };
  expect(await count()).toMatchObject({ ready: 5, cancelled: 1_200 });
  // by default only what failed is tried again
  expect(await json("retry", "--all")).toEqual([]);
  expect(await json("retry", "--state", "cancelled", "--queue", "many")).toHaveLength(1_200);
  expect(await json("cancel", "--all")).toHaveLength(1_205);
  expect(await json("discard", "--state", "cancelled", "--queue", "other")).toHaveLength(2);
  const text = await run("discard", "--name", "wait");
  expect(text).toMatchObject({
    code: 0,
    stdout: "1201 discarded\n1202 discarded\n1203 discarded\n",
  });
  expect((await run("discard", "--queue", "nobody")).stderr).toBe("no jobs match\n");
  for (const words of [["retry"], ["cancel", "1", "--all"], ["discard", "--state", "gone"]]) {
    expect((await run(...words)).code).toBe(64);
  }
  expect(await count()).toMatchObject({ ready: 0, cancelled: 1_200 });
});

test("check shows tasks and limits, and refuses what could never be enqueued", async () => {
  const { project, run } = world();
  await using _ = project;
  const job = `import { defineJob } from "queue-runtime";
    const issues = [{ message: "to must be a text" }];
    const validate = (value) => (typeof value?.to === "string" ? { value } : { issues });
    const input = { "~standard": { version: 1, vendor: "test", validate } };
    export const mail = defineJob({ name: "mail", input, perform: () => null });
    export const beat = defineJob({ name: "beat", schedule: "every 10m", perform: () => null });`;
  project.write("mail.ts", job);
  const task = (args: object) => ({ mailing: { schedule: "@daily", job: "mail", args } });
  const write = (tasks: object) =>
    project.configure({
      ...{ jobs: "./mail.ts", scheduler: { tasks }, queues: { mail: { slots: 2 } } },
      concurrency: { limits: { mail: 4 } },
    });
  write(task({ to: "you" }));
  const { code, stdout } = await run("check");
  expect(code).toBe(0);
  expect(stdout).toMatch("scheduler: mailing (@daily, mail); beat (every 10m, beat)");
  expect(stdout).toMatch("concurrency limits: mail 4\nqueue mail: 2 slots");
  write(task({ to: 7 }));
  const invalid = await run("check");
  expect(invalid.code).toBe(78);
  expect(invalid.stderr).toMatch(/^queue\.yml:\d+: scheduler\.tasks\.mailing: .*to must be a text/);
  write({ beat: { schedule: "@daily", job: "beat" } });
  expect((await run("check")).stderr).toMatch(
    /^queue\.yml:\d+: the job "beat" makes a recurring task of the same name as scheduler.tasks.beat; rename one$/m,
  );
});

test("check and start warn of tasks and limits for jobs that no module defines", async () => {
  const { project, run } = world();
  await using _ = project;
  const tasks = { nightly: { schedule: "@daily", job: "quik" } };
  project.configure({ ...config, scheduler: { tasks }, concurrency: { limits: { exclusiv: 2 } } });
  const doubts = [
    /queue\.yml:\d+: scheduler\.tasks\.nightly: no job file defines "quik" \(did you mean "quick"\?\); what/,
    /queue\.yml:\d+: concurrency\.limits\.exclusiv: no job file defines "exclusiv" \(did you mean "exclusive"/,
  ];
  const { code, stderr } = await run("check");
  expect(code).toBe(0);
  for (const doubt of doubts) expect(stderr).toMatch(doubt);
  const { code: valid, stdout } = await run("check", "--json");
  expect([valid, JSON.parse(stdout)]).toMatchObject([0, { valid: true, problems: [] }]);
  expect(JSON.parse(stdout).warnings).toHaveLength(2);
  const runtime = await project.start().ready();
  const said = runtime.events("config-doubtful").map(({ msg }) => msg);
  expect(said).toEqual(doubts.map((doubt) => expect.stringMatching(doubt)));
});
