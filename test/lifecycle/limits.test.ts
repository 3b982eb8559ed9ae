// Limits of keys and queues in real processes: by the jobs' own records, never more at once than
// allowed, whatever is killed.

import { openStore } from "@queue-runtime/store";
import { jobRef, openQueue } from "queue-runtime";
import { expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { Project, type Recorded } from "../support/project.ts";
import { waitFor } from "../support/wait-for.ts";

const jobs = ["plain.ts", "limited.ts"];
const twoWorkers = { workers: [{ name: "default", processes: 2, threads: 2 }] };

/** How many were between their beginning and their end at once; a killed run ended when it died. */
function mostAtOnce(records: readonly Recorded[], killedAt: ReadonlyMap<number, number>): number {
  const begins = records.filter(({ event }) => event === "began");
  const spans = begins.map((begin) => {
    const own = (one: Recorded) => one.job === begin.job && one.fence === begin.fence;
    const end = records.find((one) => one.event === "ended" && own(one));
    return { from: begin.at, to: end?.at ?? killedAt.get(begin.pid) ?? Number.POSITIVE_INFINITY };
  });
  const counts = spans.map(
    ({ from }) => spans.filter((other) => other.from <= from && from < other.to).length,
  );
  return Math.max(...counts);
}

const monotonic = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;

test("a job that was enqueued by name alone gets the slots of its definition at its first claim", async () => {
  await using project = new Project({ config: twoWorkers, jobs });
  const inputs = Array.from({ length: 8 }, (_, index) => ({ key: `k${index % 2}`, ms: 30 }));
  const ids = await project.enqueueMany("exclusive", inputs);
  const runtime = await project.start().ready();
  await project.recorded("ended", ids.length);
  for (const key of ["k0", "k1"]) {
    const records = project.records().filter((record) => record.key === key);
    expect(mostAtOnce(records, new Map())).toBe(1);
  }
  for (const id of ids) await project.becomes(id, "finished");
  for (const job of await project.jobs({ name: "exclusive" })) {
    const key = (job.args as { key: string }).key;
    expect(job).toMatchObject({ attempts: 1, concurrency_key: `exclusive/${key}` });
  }
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a key is never had twice over kill -9 of its worker, and the next one begins within a second", async () => {
  await using project = new Project({ config: twoWorkers, jobs });
  const inputs = Array.from({ length: 5 }, () => ({ key: "one", ms: 250 }));
  const ids = await project.enqueueMany("exclusive", inputs);
  const runtime = await project.start().ready();
  const killedAt = new Map<number, number>();
  for (const kill of [1, 2, 3]) {
    const [begun] = (await project.recorded("began", kill * 2)).slice(-1);
    const before = project.records("began").length;
    killedAt.set(begun!.pid, monotonic());
    process.kill(begun!.pid, "SIGKILL");
    const [next] = (await project.recorded("began", before + 1)).slice(-1);
    expect(next!.at - killedAt.get(begun!.pid)!).toBeLessThan(within(1_000));
  }
  for (const id of ids) await project.becomes(id, "finished");
  expect(mostAtOnce(project.records(), killedAt)).toBe(1);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a job that discards its like is not discarded for itself when it is interrupted", async () => {
  await using project = new Project({ jobs });
  const runtime = await project.start().ready();
  const id = await project.enqueue("steps");
  await project.recorded("began");
  await project.cli("reload", "-c", "queue.yml");
  await project.recorded("began", 2);
  await project.becomes(id, "finished");
  const [first, second] = project.records("began");
  expect(second!.done).toBeGreaterThan(Number(first!.done));
  expect((await project.job(id)).attempts).toBe(1);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a limit in queue.yml holds from the start, changes by reload, and goes with its line", async () => {
  const limit = (number: number) => ({ concurrency: { limits: { exclusive: number } } });
  await using project = new Project({ config: { ...twoWorkers, ...limit(3) }, jobs });
  const limits = async () => {
    const { stdout } = await project.cli("concurrency", "list", "-c", "queue.yml", "--json");
    return JSON.parse(stdout);
  };
  const runtime = await project.start().ready();
  const run = async (): Promise<number> => {
    const before = project.records().length;
    const inputs = Array.from({ length: 6 }, () => ({ key: "one", ms: within(80) }));
    const ids = await project.enqueueMany("exclusive", inputs);
    for (const id of ids) await project.becomes(id, "finished");
    return mostAtOnce(project.records().slice(before), new Map());
  };
  expect(await run()).toBe(3);
  project.configure(limit(2));
  await project.cli("reload", "-c", "queue.yml");
  expect(await limits()).toEqual([{ name: "exclusive", limit: 2 }]);
  expect(await run()).toBe(2);
  await project.cli("concurrency", "limit", "other", "7", "-c", "queue.yml");
  await runtime.stop();
  project.configure({ concurrency: { limits: {} } });
  const again = await project.start().ready();
  // what a person set is nobody's to take back
  expect(await limits()).toEqual([{ name: "other", limit: 7 }]);
  expect(await run()).toBe(1);
  expect(await again.stop()).toMatchObject({ code: 0 });
});

test("a queue has no more jobs at once than its slots, whoever enqueued them", async () => {
  const queues = { default: { slots: 2 } };
  await using project = new Project({ config: { ...twoWorkers, queues }, jobs });
  const inputs = Array.from({ length: 8 }, (_, index) => ({ key: `k${index}`, ms: 40 }));
  const runtime = await project.start().ready();
  const ids = await project.enqueueMany("exclusive", inputs);
  for (const id of ids) await project.becomes(id, "finished");
  expect(mostAtOnce(project.records(), new Map())).toBe(2);
  project.configure({ queues: {} });
  await project.cli("reload", "-c", "queue.yml");
  const { stdout } = await project.cli("queue", "list", "-c", "queue.yml", "--json");
  expect(JSON.parse(stdout)).toEqual([]);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a rate holds over two worker processes: of any second, and every slot is used", async () => {
  await using project = new Project({ config: twoWorkers, jobs });
  const runtime = await project.start().ready();
  const ids = await project.enqueueMany("rated", Array(10).fill({}));
  for (const id of ids) await project.becomes(id, "finished", { deadlineMs: within(10_000) });
  const rows = await project.jobs({ name: "rated" });
  const starts = rows.map((job) => Date.parse(String(job.started_at))).sort((a, b) => a - b);
  for (const [index, start] of starts.entries()) {
    const fourth = starts[index + 3];
    if (fourth !== undefined) expect(fourth - start).toBeGreaterThanOrEqual(1_000);
  }
  // three at once, and three more each second: the tenth begins after three seconds
  expect(starts.at(-1)! - starts[0]!).toBeLessThan(within(4_000));
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test.each([0, 2])(
  "a job on %d threads takes slots of a rate, and enqueues after and into a batch",
  async (threads) => {
    const workers = [{ name: "default", threads }];
    await using project = new Project({ config: { workers }, jobs });
    const runtime = await project.start().ready();
    await using queue = await openQueue(project.url);
    const batch = await queue.batch({ description: "of a taker" });
    await batch.enqueue(jobRef("taker"), {});
    const [took] = await project.recorded("took");
    const [first, second, third] = took!.waits as number[];
    expect([first, second]).toEqual([0, 0]);
    expect(third).toBeGreaterThan(50_000);
    const follower = await project.job(took!.follower as number);
    expect(follower).toMatchObject({ state: "waiting", batch_id: batch.id });
    const { stdout } = await project.cli(
      "jobs",
      "--batch",
      String(batch.id),
      "-c",
      "queue.yml",
      "--json",
    );
    expect(JSON.parse(stdout)).toHaveLength(2);
    expect(await runtime.stop()).toMatchObject({ code: 0 });
  },
);

test("slots of a runtime that was killed whole are free before the next one claims", async () => {
  await using project = new Project({ config: twoWorkers, jobs });
  const inputs = Array.from({ length: 3 }, () => ({ key: "one", ms: 200 }));
  const ids = await project.enqueueMany("exclusive", inputs);
  await project.start().ready();
  await project.recorded("began");
  const killed = monotonic();
  const pids = project.pids();
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await waitFor(() => project.pids().length === 0);
  const runtime = await project.start().ready();
  for (const id of ids) await project.becomes(id, "finished");
  const killedAt = new Map(pids.map((pid) => [pid, killed]));
  expect(mostAtOnce(project.records(), killedAt)).toBe(1);
  const store = await openStore(project.url);
  expect(await store.flow.maintain(1_000)).toMatchObject({ freed: 0, promoted: 0 });
  await store.close();
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});
