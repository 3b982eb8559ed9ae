// Jobs that exit, throw what is no error, leave errors behind, eat all memory or return what is no
// JSON: each fails alone, with an error that says what happened, and everybody else goes on.

import { afterAll, beforeAll, expect, test } from "vitest";
import { CrashProject, type ErrorRow } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import type { RuntimeProcess } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

let project: CrashProject;
let runtime: RuntimeProcess;

beforeAll(async () => {
  project = new CrashProject({
    workers: [
      { name: "threads", queues: ["default"], threads: 2, concurrency: 2 },
      { name: "loop", queues: ["loop"], threads: 0, concurrency: 4 },
    ],
  });
  runtime = await project.start().ready();
});

afterAll(async () => {
  // none of all this was the end of a process
  expect(runtime.events("child-replaced")).toEqual([]);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  await project[Symbol.asyncDispose]();
});

/** The error of a job that failed at its first attempt. */
async function errorOf(name: string, input: unknown, queue = "default"): Promise<ErrorRow> {
  const id = await project.enqueue(name, input, { queue });
  const job = await project.jobIn(id, "failed");
  expect(job).toMatchObject({ attempts: 1, crashes: 0, interruptions: 0 });
  return job.error as ErrorRow;
}

test("process.exit ends the thread of the job and nothing else", async () => {
  const pids = project.pidsOf("worker threads");
  expect(await errorOf("exit", { code: 7 })).toMatchObject({
    name: "ExitError",
    message: "exited with 7",
  });
  expect(await errorOf("exit", { code: 0 })).toMatchObject({ message: "exited with 0" });
  expect(project.pidsOf("worker threads")).toEqual(pids);
  const next = await project.enqueueMany("quick", [1, 2, 3, 4]);
  for (const id of next) await project.jobIn(id, "finished");
});

test("a job that posts to the parentPort of its thread is heard by nobody", async () => {
  const pids = project.pidsOf("worker threads");
  const id = await project.enqueue("gossip", null);
  expect(await project.jobIn(id, "finished")).toMatchObject({ result: "said", crashes: 0 });
  expect(project.story(id, "began")).toHaveLength(1);
  expect(project.pidsOf("worker threads")).toEqual(pids);
});

test("process.exit hands back the other run of its thread, which counts as nothing", async () => {
  const after = project.gate("exit");
  const ids = await project.enqueueMany("hold", Array(3).fill({ gate: project.gate("held") }));
  for (const id of ids) await project.told(id, "began");
  const exit = await project.enqueue("exit", { code: 3, after });
  const [began] = await project.told(exit, "began");
  const mates = ids.filter((id) => project.story(id)[0]!.thread === began!.thread);
  expect(mates).toHaveLength(1);
  project.open("exit");
  expect((await project.jobIn(exit, "failed")).error).toMatchObject({ message: "exited with 3" });
  await project.told(mates[0]!, "began", 2);
  project.open("held");
  for (const id of ids) {
    const job = await project.jobIn(id, "finished");
    const runs = mates.includes(id) ? 2 : 1;
    expect(job).toMatchObject({ attempts: 1, crashes: 0, interruptions: 0 });
    expect(project.story(id, "began")).toHaveLength(runs);
  }
});

test.each(["default", "loop"])("a stray error fails the job that left it: %s", async (queue) => {
  const gate = project.gate(`stray-${queue}`);
  const beside = await project.enqueue("hold", { gate }, { queue });
  await project.told(beside, "began");
  expect(await errorOf("stray", { kind: "throw" }, queue)).toMatchObject({
    name: "RangeError",
    message: "thrown from a timer",
  });
  expect(await errorOf("stray", { kind: "reject" }, queue)).toMatchObject({
    name: "RangeError",
    message: "rejected and forgotten",
  });
  project.open(`stray-${queue}`);
  expect(await project.jobIn(beside, "finished")).toMatchObject({ attempts: 1, crashes: 0 });
});

test.each([0, 1])(
  "an error that a finished job left behind harms nobody: threads %i",
  async (threads) => {
    await using own = new CrashProject({ workers: [{ threads, concurrency: 4 }] });
    const started = await own.start().ready();
    // one for each slot, so that whoever comes next sits where one of them sat
    const left = await own.enqueueMany("leaver", Array(4).fill({ ms: 200 }));
    const next = await own.enqueueMany("hold", Array(4).fill({ gate: own.gate() }));
    for (const id of next) await own.told(id, "began");
    for (const id of left) {
      const said = () => started.lines.some(({ job, msg }) => job === id && /stray/.test(msg!));
      await waitFor(said, { what: `a line about the error of job ${id}` });
    }
    own.open();
    for (const id of [...left, ...next]) {
      expect(await own.jobIn(id, "finished")).toMatchObject({ attempts: 1, fence: 1 });
    }
  },
);

test("when nobody knows whose error ended a thread, its runs are repeated until one is alone", async () => {
  const after = project.gate("anonymous");
  await using pair = new CrashProject({ workers: [{ threads: 1, concurrency: 3 }] });
  const own = await pair.start().ready();
  const mates = await pair.enqueueMany("hold", Array(2).fill({ gate: pair.gate() }));
  const culprit = await pair.enqueue("anonymous", { after });
  for (const id of [...mates, culprit]) await pair.told(id, "began");
  project.open("anonymous");
  await pair.told(mates[0]!, "began", 3);
  pair.open();
  const job = await pair.jobIn(culprit, "failed");
  expect(job).toMatchObject({ attempts: 1, crashes: 2, error: { message: "nobody knows whose" } });
  for (const id of mates) {
    expect(await pair.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 2 });
  }
  expect(own.events("child-replaced")).toEqual([]);
});

test("a job that runs out of memory fails, whether V8 ends its thread or its process", async () => {
  const env = { NODE_OPTIONS: "--max-old-space-size=120" };
  await using small = new CrashProject({ workers: [{ threads: 1 }] }, { env });
  await small.start().ready();
  const job = await small.jobIn(await small.enqueue("glutton"), "failed", {
    deadlineMs: within(30_000),
  });
  // a thread is a failed attempt; sometimes V8 gives up on the whole process, which is a crash
  if (job.attempts === 1) {
    expect(job.error).toMatchObject({ code: "ERR_WORKER_OUT_OF_MEMORY" });
    expect(job.error?.message).toMatch(/memory/i);
  } else {
    expect(job).toMatchObject({ attempts: 0, crashes: 3, error: { name: "CrashError" } });
  }
  const next = await small.enqueue("quick", 1);
  expect(await small.jobIn(next, "finished")).toMatchObject({ attempts: 1, crashes: 0 });
});

test.each([
  ["null", /null was thrown, not an error/],
  ["undefined", /undefined was thrown, not an error/],
  ["text", /^only a string$/],
  ["promise", /a promise was thrown, not an error/],
  ["getters", /was thrown, not an error/],
  ["revoked", /was thrown, not an error/],
  ["circular", /^around and around$/],
])("a thrown %s is an error that can be read", async (what, message) => {
  const error = await errorOf("throw", { what });
  expect(error.message).toMatch(message);
});

test("a cause that leads back to its error is cut", async () => {
  const { cause } = await errorOf("throw", { what: "circular" });
  expect(cause).toMatchObject({ message: "the other", cause: null });
});

test("a message of 50 MB is cut to what fits", async () => {
  const error = await errorOf("throw", { what: "huge" });
  expect(JSON.stringify(error).length).toBeLessThan(64_000);
  expect(error.message).toMatch(/^x+… \(\d+ more characters\)$/);
});

test.each([
  ["date", "result.items[0].at is a Date"],
  ["bigint", "result.total is a BigInt"],
  ["undefined", "result.list[1] is undefined"],
  ["nan", "result[0] is NaN"],
  ["map", "result.byId is a Map"],
  ["circular", "contains itself"],
])("a result with a %s in it fails the job with the path", async (what, message) => {
  const error = await errorOf("result", { what });
  expect(error.name).toBe("NotJsonError");
  expect(error.message).toContain(message);
});

test("a cursor that JSON would change fails the iteration with the path", async () => {
  const id = await project.enqueue("bad.cursor");
  const job = await project.jobIn(id, "failed");
  expect(job.error?.message).toContain("cursor.at is a Date");
  // the position before it is kept
  expect(job.cursor).toEqual({ at: 1 });
});

test("the supervisor says which thread was lost and why", () => {
  const messages = runtime.events("thread-lost").map(({ msg }) => msg);
  expect(messages.some((msg) => /exited with 7/.test(msg!))).toBe(true);
});
