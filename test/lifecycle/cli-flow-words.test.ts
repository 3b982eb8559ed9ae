// What the commands on limits, batches and recurring tasks say to scripts and to people: ids that
// are jobs, exit codes, and warnings of what is probably a slip of the pen.

import { openQueue } from "queue-runtime";
import { expect, test } from "vitest";
import { Project } from "../support/project.ts";

const jobs = `import { defineJob } from "queue-runtime";
  const perform = () => null;
  export const once = defineJob({ name: "once", perform,
    concurrency: { key: "k", onConflict: "discard" } });
  export const only = defineJob({ name: "only", perform, unique: { key: "u" } });
  export const clock = defineJob({ name: "clock", perform, schedule: "every 1d" });
  export const plain = defineJob({ name: "plain", perform });`;

function world(config: object = {}) {
  const scheduler = { name: "test", tasks: { nightly: { schedule: "@daily", job: "once" } } };
  const files = { "jobs.mts": jobs };
  const project = new Project({ config: { scheduler, ...config, jobs: "./jobs.mts" }, files });
  const run = async (...words: string[]) => await project.cli(...words, "-c", "queue.yml");
  return { project, run };
}

test("what finds no slot prints no id and fails; what is there already prints its id", async () => {
  const { project, run } = world();
  await using _ = project;
  await run("migrate");
  expect(await run("enqueue", "once")).toEqual({ code: 0, stdout: "1\n", stderr: "" });
  const nothing = "no slot was free: nothing was enqueued\n";
  for (const words of [
    ["enqueue", "once"],
    ["recurring", "run", "nightly"],
  ]) {
    expect(await run(...words)).toEqual({ code: 1, stdout: "", stderr: nothing });
    const { code, stdout } = await run(...words, "--json");
    expect([code, JSON.parse(stdout).outcome]).toEqual([1, "discarded"]);
  }
  const only = await run("enqueue", "only");
  expect(await run("enqueue", "only")).toMatchObject({
    ...{ code: 0, stdout: only.stdout },
    stderr: "a job with this key is there already; this is its id\n",
  });
  await run("recurring", "add", "mine", "--schedule", "@daily", "--job", "only");
  expect(await run("recurring", "run", "mine")).toMatchObject({
    ...{ code: 0, stdout: only.stdout },
    stderr: "a job with this key is there already; this is its id\n",
  });
});

test("enqueue takes all that can be said of keys and of jobs before it", async () => {
  const { project, run } = world();
  await using _ = project;
  await run("migrate");
  const key = ["--unique", "k", "--unique-for", "1h", "--unique-while", "scheduled,running"];
  const debounced = ["enqueue", "plain", ...key, "--on-conflict", "debounce", "--delay", "1h"];
  expect((await run(...debounced)).stdout).toBe("1\n");
  expect(await run(...debounced)).toMatchObject({
    ...{ code: 0, stdout: "1\n" },
    stderr: "a job with this key was there; it has this input now\n",
  });
  await run("cancel", "1");
  expect((await run(...debounced)).stdout).not.toBe("1\n");
  const after = ["enqueue", "plain", "--after", "1", "--if-dependency-fails"];
  const states = async (...ids: string[]) =>
    Promise.all(ids.map(async (id) => (await project.job(Number(id))).state));
  const [runs, fails] = [await run(...after, "run"), await run(...after, "fail")];
  expect(await states(runs.stdout, fails.stdout)).toEqual(["ready", "failed"]);
  for (const [words, sentence] of [
    [["--on-conflict", "drop"], /--on-conflict "drop" is not a choice; write exists, replace or/],
    [["--if-dependency-fails", "wait"], /"wait" is not a choice; write fail or run/],
    [["--unique-for", "5"], /--unique-for: "5" is not a duration/],
    [["--unique-while", "gone"], /"gone" is not a state/],
  ] as const) {
    const refused = await run("enqueue", "plain", ...words);
    expect([refused.code, refused.stdout]).toEqual([64, ""]);
    expect(refused.stderr).toMatch(sentence);
  }
});

test("a batch is opened, filled, sealed and followed, all from the command line", async () => {
  const { project, run } = world();
  await using _ = project;
  const opened = await run(
    ...["batch", "open", "--on-finish", "plain", "--on-success", "other"],
    ...["--description", "by hand", "--metadata", '{"n":1}'],
  );
  expect(opened).toMatchObject({ code: 0, stdout: "1\n" });
  expect(opened.stderr).toMatch(/no job file defines "other"/);
  await run("enqueue", "plain", "--batch", "1");
  expect(await run("batch", "seal", "1")).toMatchObject({ code: 0, stdout: "batch 1: sealed\n" });
  expect(JSON.parse((await run("batch", "show", "1", "--json")).stdout)).toMatchObject({
    ...{ description: "by hand", metadata: { n: 1 }, jobs: { total: 1 } },
  });
  // one that is to be given up: what is in it is cancelled, and it is over
  expect((await run("cancel", "--batch", "1")).code).toBe(0);
  const { stdout } = await run("batch", "seal", "1", "--json");
  expect(JSON.parse(stdout)).toEqual({ id: 1, state: "failed" });
  expect(await project.job(2)).toMatchObject({ name: "plain", args: { batch: 1 } });
  expect(await run("batch", "seal", "99")).toMatchObject({ code: 1, stdout: "" });
  const refused = await run("batch", "open", "--metadata", "{n:1}");
  expect([refused.code, refused.stderr]).toEqual([
    64,
    expect.stringMatching(/--metadata is not JS/),
  ]);
});

test("a task is added under a name, and what was there before is not passed over", async () => {
  const { project, run } = world();
  await using _ = project;
  await run("migrate");
  const add = (name: string) => run("recurring", "add", name, "--schedule", "0 3 * * *", ...rest);
  const rest = ["--job", "plain", "--time-zone", "Europe/Berlin"];
  expect(await add("mine")).toMatchObject({ code: 0, stdout: "mine added\n", stderr: "" });
  await run("recurring", "pause", "mine");
  expect(await add("mine")).toMatchObject({
    ...{ code: 0, stdout: "mine changed\n" },
    stderr: "mine is paused, and stays so; `runtime recurring resume` lets it go on\n",
  });
  for (const name of ["", "a\nb", " a"]) {
    expect(await add(name)).toMatchObject({
      ...{ code: 64, stdout: "" },
      stderr: expect.stringMatching(/^runtime: the name of a recurring task may not/),
    });
  }
  await using queue = await openQueue(project.url);
  expect((await queue.recurring.list()).map(({ key }) => key)).toEqual(["mine"]);
  const { stdout } = await run("recurring", "next", "mine", "--count", "1");
  expect(stdout).toMatch(
    /^\S+T0[12]:00:00.000Z {2}\w{3} \d{4}-\d\d-\d\d 03:00:00 Europe\/Berlin\n$/,
  );
});

test("a task of the code is known before any runtime started", async () => {
  const { project, run } = world();
  await using _ = project;
  await run("migrate");
  const { stdout } = await run("recurring", "list", "--json");
  expect(JSON.parse(stdout)).toMatchObject([
    { name: "clock", source: "code:test", schedule: "every 1d", last_at: null },
    { name: "nightly", source: "file:test" },
  ]);
  expect((await run("recurring", "next", "clock", "--count", "3")).stdout.split("\n")).toHaveLength(
    4,
  );
  expect(await run("recurring", "run", "clock")).toMatchObject({ code: 0, stdout: "1\n" });
  expect(await run("recurring", "pause", "clock")).toMatchObject({
    ...{ code: 1, stdout: "" },
    stderr: 'runtime: the task "clock" is not in the store yet: `runtime start` puts it there\n',
  });
  // code that does not load hides only what it would have said
  project.write("jobs.mts", "throw new Error('broken');");
  const broken = await run("recurring", "list", "--json");
  expect(JSON.parse(broken.stdout)).toMatchObject([{ name: "nightly" }]);
  expect(broken.stderr).toMatch(
    /broken\ntasks of the code that are not in the store yet are left out/,
  );
});

test("what the file says otherwise is told to whoever sets it by hand", async () => {
  const queues = { mail: { slots: 3 } };
  const { project, run } = world({ concurrency: { limits: { plain: 4 } }, queues });
  await using _ = project;
  await run("migrate");
  await run("enqueue", "plain");
  const again = "which holds again after the next start or reload\n";
  const limited = await run("concurrency", "limit", "plain", "1");
  expect(limited).toMatchObject({ code: 0, stderr: `queue.yml says 4, ${again}` });
  expect((await run("concurrency", "limit", "plain", "4")).stderr).toBe("");
  expect((await run("concurrency", "reset", "plain")).stderr).toBe(`queue.yml says 4, ${again}`);
  const set = await run("queue", "set", "mail", "--slots", "1");
  expect(set).toMatchObject({ code: 0, stderr: `queue.yml says 3 slots, ${again}` });
  expect((await run("queue", "set", "mail", "--slots", "3")).stderr).toBe("");
});

test("a limit for a name that nobody has is set, and said to be strange", async () => {
  const { project, run } = world();
  await using _ = project;
  await run("migrate");
  await run("enqueue", "plain");
  expect((await run("concurrency", "limit", "plain", "3")).stderr).toBe("");
  expect(await run("concurrency", "limit", "nonsuch", "3")).toEqual({
    ...{ code: 0, stdout: "nonsuch: at most 3 of a key at once\n" },
    stderr: 'no worker that runs and no stored job has the name "nonsuch"\n',
  });
  expect((await run("concurrency", "reset", "nonsuch")).stderr).toBe("");
  expect(await run("concurrency", "reset", "nonsuch")).toMatchObject({
    ...{ code: 0, stderr: 'no limit was set for "nonsuch": nothing has changed\n' },
  });
});
