// Commands on data, with no runtime running: the built command line, as a script would use it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { jobRef, openQueue } from "@queue-runtime/job";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CliProject, runtimeBin } from "../support/cli-project.ts";

let project: CliProject;
beforeAll(() => {
  project = new CliProject();
});
afterAll(() => project[Symbol.dispose]());

test("a missing configuration ends with 78 and says how to get one", async () => {
  const { code, stdout, stderr } = await project.run("status", "-c", "nowhere.yml");
  expect(code).toBe(78);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/nowhere\.yml does not exist; create one with `runtime init`/);
});

test.each([["status"], ["jobs"], ["job", "1"], ["retry", "1"], ["queue", "list"], ["processes"]])(
  "%s finds no store, ends with 69 and creates none",
  async (...argv) => {
    using fresh = new CliProject();
    const { code, stderr } = await fresh.run(...argv);
    expect(stderr).toMatch(/^runtime: no store at \w+:\S+; `runtime start` or `runtime migrate`/);
    expect(code).toBe(69);
    expect(await fresh.storeExists()).toBe(false);
  },
);

test("enqueue creates the store, prints the id, and takes the queue of the job", async () => {
  using fresh = new CliProject();
  const first = await fresh.run("enqueue", "mail", '{"to":"you"}');
  expect(first).toMatchObject({ code: 0, stdout: "1\n" });
  const second = await fresh.run("enqueue", "mail", '{"to":"you"}', "--json");
  expect(JSON.parse(second.stdout)).toEqual({ id: 2, outcome: "created" });
  const third = await fresh.runWith('{"to":"me"}', "enqueue", "mail", "-", "--priority", "-5");
  expect(third.stdout).toBe("3\n");
  const jobs = await fresh.json<{ queue: string; priority: number; args: object }[]>("jobs");
  expect(jobs.map(({ queue, priority }) => [queue, priority])).toEqual([
    ["letters", 3],
    ["letters", 3],
    ["letters", -5],
  ]);
  expect(jobs[2]?.args).toEqual({ to: "me" });
});

test.each([
  [
    ["enqueue", "mail", "{}", "--delay", "5000"],
    '"5000" is not a duration; write one like 100ms, 25s, 5m, 2h or 7d\n',
  ],
  [["enqueue", "mail", "{}", "--priority", "1.5"], "between -2147483647 and 2147483647\n"],
  [["queue", "pause", "x".repeat(300)], "is not the name of a queue; name exactly one\n"],
  [["queue", "pause", "\u001b[31m"], '"\\x1b[31m" is not the name of a queue; name exactly one\n'],
])("what no store could take is wrong on the command line: %#", async (argv, end) => {
  const { code, stdout, stderr } = await project.run(...argv);
  expect([code, stdout, stderr.endsWith(end) || stderr]).toEqual([64, "", true]);
});

test("a job as JSON has exactly the promised fields", async () => {
  using fresh = new CliProject();
  await fresh.run("enqueue", "mail", '{"to":"you"}', "--at", "2126-01-01T00:00:00Z");
  const [job] = await fresh.json<Record<string, unknown>[]>("jobs");
  expect(job).toEqual({
    id: 1,
    name: "mail",
    kind: "module",
    queue: "letters",
    state: "scheduled",
    args: { to: "you" },
    priority: 3,
    attempts: 0,
    interruptions: 0,
    crashes: 0,
    fence: 0,
    process_id: null,
    cursor: null,
    progress: { done: 0, total: null },
    ...{ concurrency_key: null, unique_key: null, batch_id: null },
    run_at: "2126-01-01T00:00:00.000Z",
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    started_at: null,
    finished_at: null,
    error: null,
    result: null,
  });
  expect(await fresh.json("job", "1")).toMatchObject({ id: 1, errors: [] });
});

test("an enqueue that fails leaves no row", async () => {
  using fresh = new CliProject();
  await fresh.run("migrate");
  const notJson = await fresh.run("enqueue", "mail", '{"to": you}');
  expect(notJson.code).toBe(64);
  expect(notJson.stderr).toMatch(/"y" cannot stand at line 1, column 8/);
  const invalid = await fresh.run("enqueue", "mail", '{"to": 7}');
  expect(invalid.code).toBe(1);
  expect(invalid.stderr).toMatch(/the input of job "mail" is not valid: .*to must be a text/);
  // a number is never the name of a job: it would let a held command go
  expect((await fresh.run("enqueue", "12")).code).toBe(1);
  expect((await fresh.run("enqueue", "mail", "--delay", "soon")).code).toBe(64);
  expect((await fresh.run("enqueue", "mail", "--queue", "a*")).code).toBe(64);
  expect(await fresh.json("jobs")).toEqual([]);
});

test("a name that no job file defines is accepted with a warning", async () => {
  using fresh = new CliProject();
  const { code, stdout, stderr } = await fresh.run("enqueue", "mial");
  expect([code, stdout]).toEqual([0, "1\n"]);
  expect(stderr).toContain('no job file defines "mial" (did you mean "mail"?)');
});

test("what a job file prints while it loads is not mixed with results", async () => {
  using fresh = new CliProject();
  const { stdout, stderr } = await fresh.run("enqueue", "sleepy", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ outcome: "created" });
  expect(stderr).toContain("this module talks while it loads\nand not only by the console\n");
});

test("a job file that does not load is named, and nothing is enqueued", async () => {
  using fresh = new CliProject();
  writeFileSync(join(fresh.folder, "config/jobs/broken.mjs"), "export const = 1;\n");
  for (const argv of [["check"], ["enqueue", "mail"]]) {
    const { code, stderr } = await fresh.run(...argv);
    expect(code).toBe(78);
    expect(stderr).toContain("config/jobs/broken.mjs:1");
  }
  expect(await fresh.storeExists()).toBe(false);
});

test("check says what would run, and needs no store", async () => {
  using fresh = new CliProject();
  const { code, stdout } = await fresh.run("check");
  expect([code, stdout]).toEqual([0, expect.stringContaining("mail, sleepy")]);
  expect(await fresh.storeExists()).toBe(false);
});

test("status works without a runtime, with exactly the promised fields", async () => {
  using fresh = new CliProject();
  await fresh.run("enqueue", "mail", '{"to":"you"}');
  expect(await fresh.json("status")).toEqual({
    running: false,
    pid: null,
    host: null,
    started_at: null,
    jobs: {
      held: 0,
      waiting: 0,
      scheduled: 0,
      blocked: 0,
      ready: 1,
      running: 0,
      finished: 0,
      failed: 0,
      cancelled: 0,
    },
    queues: [
      {
        ...{ name: "letters", paused: false, settings: null },
        ...{ waiting: 0, ready: 1, blocked: 0, running: 0, latency_ms: expect.any(Number) },
      },
    ],
    processes: [],
    groups: [
      {
        ...{ name: "default", slots: 1, paused: false, pause_on_failure: false },
        ...{ running: 0, queued: 0, jobs: {} },
      },
    ],
    commands: [],
    unknown_names: [{ name: "mail", ready: 1 }],
  });
});

test("actions answer every id, and succeed only if all did", async () => {
  using fresh = new CliProject();
  await fresh.run("enqueue", "sleepy");
  await fresh.run("enqueue", "sleepy");
  const mixed = await fresh.run("cancel", "2", "99", "1", "--json");
  expect(mixed.code).toBe(1);
  expect(JSON.parse(mixed.stdout)).toEqual([
    { id: 2, outcome: "cancelled" },
    { id: 99, outcome: "unknown", error: expect.any(String) },
    { id: 1, outcome: "cancelled" },
  ]);
  expect(await fresh.run("retry", "1", "--from-start")).toMatchObject({
    code: 0,
    stdout: "1 retried\n",
  });
  expect(await fresh.run("discard", "1", "2")).toMatchObject({ code: 0, stderr: "" });
  expect(await fresh.json("jobs")).toEqual([]);
  expect((await fresh.run("job", "1")).code).toBe(1);
  expect((await fresh.run("cancel", "1", "1e3")).code).toBe(64);
});

test("queues are paused, resumed and cleared by name", async () => {
  using fresh = new CliProject();
  await fresh.run("enqueue", "sleepy");
  await fresh.run("enqueue", "sleepy", "--delay", "1h");
  expect(await fresh.json("queue", "pause", "default")).toEqual({ name: "default", paused: true });
  expect(await fresh.json("queue", "list")).toMatchObject([{ name: "default", paused: true }]);
  expect(await fresh.json("queue", "resume", "default")).toMatchObject({ paused: false });
  expect(await fresh.json("queue", "clear", "default")).toEqual({ name: "default", cleared: 1 });
  expect(await fresh.json("queue", "clear", "default", "--all")).toMatchObject({ cleared: 1 });
});

test("migrate says from where to where", async () => {
  using fresh = new CliProject();
  expect(await fresh.json("migrate")).toMatchObject({ from: 0, to: expect.any(Number) });
  const again = await fresh.run("migrate");
  expect(again.stderr).toBe("nothing to do: the schema is up to date\n");
});

test("doctor finds a sound project sound, and a broken one not", async () => {
  using fresh = new CliProject();
  await fresh.run("migrate");
  const sound = await fresh.json<{ check: string; status: string }[]>("doctor");
  expect(sound.filter(({ status }) => status === "error")).toEqual([]);
  expect(sound.map(({ check }) => check)).toEqual(
    expect.arrayContaining(["node", "configuration", "jobs", "control", "store", "schema"]),
  );
  writeFileSync(join(fresh.folder, "config/queue.yml"), "workers: none\n");
  const broken = await fresh.run("doctor");
  expect([broken.code, broken.stdout]).toEqual([1, expect.stringMatching(/error +configuration/)]);
});

test("commands for a running runtime say that none listens", async () => {
  using fresh = new CliProject();
  for (const command of ["stop", "quiet", "reload"]) {
    const { code, stderr } = await fresh.run(command);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/no runtime listens on .*\.sock; /)]);
  }
});

test("a wrong command line ends with 64 and one sentence", async () => {
  const { code, stdout, stderr } = await project.run("strat");
  expect([code, stdout]).toEqual([64, ""]);
  expect(stderr).toBe('runtime: there is no command "strat"; did you mean "start"?\n');
  expect((await project.run("queue")).code).toBe(64);
  expect((await project.run("jobs", "--limit", "1001")).code).toBe(64);
});

test("version and help go to stdout", async () => {
  expect((await project.run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const help = await project.run("enqueue", "--help");
  expect([help.code, help.stderr]).toEqual([0, ""]);
  expect(help.stdout).toContain(`runtime enqueue invoice.send '{"account":7}'`);
});

test("five megabytes of JSON pass through a slow pipe whole", async () => {
  using fresh = new CliProject();
  await using queue = await openQueue(fresh.url);
  const input = "x".repeat(5_000);
  await queue.enqueueMany(jobRef("big"), Array<string>(1_000).fill(input));
  const child = fresh.start("jobs", "--json", "--limit", "1000");
  child.stdin?.end();
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout!) {
    chunks.push(chunk);
    if (chunks.length % 20 === 0) await wait(5);
  }
  const jobs = JSON.parse(Buffer.concat(chunks).toString()) as { args: string }[];
  expect(jobs).toHaveLength(1_000);
  expect(jobs.every(({ args }) => args === input)).toBe(true);

  const head = spawn(
    "sh",
    ["-c", `"$0" "$1" jobs --json --limit 1000 | head -c 10`, process.execPath, runtimeBin],
    {
      cwd: fresh.folder,
    },
  );
  const errors: Buffer[] = [];
  head.stderr.on("data", (chunk) => errors.push(chunk));
  const [code] = await once(head, "close");
  expect([code, Buffer.concat(errors).toString()]).toEqual([0, ""]);
});
