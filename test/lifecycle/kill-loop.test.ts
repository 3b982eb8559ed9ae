// Workers are killed at random while jobs and iterations keep coming; afterwards a judge that knows
// nothing of the runtime looks for contradictions. KILL_LOOP_SECONDS and KILL_LOOP_SEED change how
// long and in which order.

import { expect, test } from "vitest";
import { contradictions, type Evidence, type Kill, restartDelays } from "../support/crash-check.ts";
import { CrashProject, signal } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import type { JobRow, Recorded } from "../support/project.ts";
import { monotonic } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

const seconds = Number(process.env.KILL_LOOP_SECONDS ?? 8);
const seed = Number(process.env.KILL_LOOP_SEED ?? 1);
const jobsPerSecond = 300;
const burstsPerSecond = 20;
const killEveryMs = 500;

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
function randomBy(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Calls `work` at a steady pace until the time is over. */
async function pace(everyMs: number, until: number, work: (n: number) => Promise<void> | void) {
  for (let n = 1, next = monotonic(); next < until; n++) {
    await work(n);
    next += everyMs;
    await waitFor(() => monotonic() >= next);
  }
}

/** Jobs and iterations, steadily; answers the ids that were acknowledged. */
async function load(project: CrashProject, until: number): Promise<number[]> {
  const random = randomBy(seed);
  const acknowledged: number[] = [];
  await pace(1_000 / burstsPerSecond, until, async (n) => {
    // one queue per second: `jobs` lists a thousand at most
    const queue = `second-${Math.floor(n / burstsPerSecond)}`;
    const inputs = Array.from({ length: jobsPerSecond / burstsPerSecond }, () => ({
      ms: Math.floor(random() * 5),
    }));
    acknowledged.push(...(await project.enqueueMany("blink", inputs, { queue })));
    if (n % burstsPerSecond !== 0) return;
    const input = { items: 200 + Math.floor(random() * 200), itemMs: 2 };
    acknowledged.push(await project.enqueue("count.often", input, { queue, priority: -1 }));
  });
  return acknowledged;
}

/** kill -9 of one worker after the other; answers which and when. */
async function slaughter(project: CrashProject, until: number): Promise<Kill[]> {
  const random = randomBy(seed + 1);
  const kills: Kill[] = [];
  await pace(killEveryMs, until, () => {
    // one that has worked: those that boot have nothing to lose
    const worked = new Set(project.records("began").map(({ pid }) => pid));
    const pids = project.pidsOf("worker").filter((each) => worked.has(each));
    const pid = pids[Math.floor(random() * pids.length)];
    if (pid === undefined) return;
    kills.push({ pid, at: monotonic() });
    signal(pid, "SIGKILL");
  });
  return kills;
}

async function allJobs(project: CrashProject): Promise<JobRow[]> {
  const over = async () => {
    const { ready, running, scheduled } = (await project.status()).jobs;
    return ready! + running! + scheduled! === 0;
  };
  await waitFor(over, { everyMs: 200, deadlineMs: within(30_000), what: "the end of all jobs" });
  const jobs: JobRow[] = [];
  for (let second = 0; second <= seconds; second++) {
    jobs.push(...(await project.jobs({ queue: `second-${second}` })));
  }
  return jobs;
}

test(
  `workers killed at random for ${seconds} s lose nothing and run nothing twice at once`,
  async () => {
    const workers = [{ threads: 2, concurrency: 2, processes: 2 }];
    await using project = new CrashProject({ workers, log: { level: "warn" } });
    const runtime = project.start();
    await waitFor(() => project.pidsOf("worker").length === 2);
    const until = monotonic() + seconds * 1_000;
    const [acknowledged, kills] = await Promise.all([
      load(project, until),
      slaughter(project, until),
    ]);
    const jobs = await allJobs(project);
    expect(await runtime.stop()).toMatchObject({ code: 0 });
    expect(project.pids()).toEqual([]);

    const evidence = { acknowledged, jobs, records: project.records(), kills };
    expect(contradictions(evidence).slice(0, 20)).toEqual([]);
    const delays = restartDelays(evidence);
    const at = (share: number) => Math.round(delays[Math.floor(delays.length * share)] ?? 0);
    console.log(
      `seed ${seed}: ${jobs.length} jobs, ${kills.length} kills, ${delays.length} runs torn off;`,
      `run again after ${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`,
    );
    expect(delays.length).toBeGreaterThan(0);
    expect(at(0.5)).toBeLessThan(within(1_000));
    // who is torn off again and again waits until nothing else runs beside it
    expect(at(0.99)).toBeLessThan(within(10_000));
  },
  (seconds + 60) * 1_000,
);

test("the judge sees what is wrong", () => {
  const row = {
    id: 1,
    name: "blink",
    state: "finished",
    attempts: 1,
    interruptions: 0,
    crashes: 0,
  };
  const job = { ...row, fence: 1, process_id: null } as JobRow;
  const said = (event: string, at: number, rest: object = {}): Recorded => {
    return { event, at, pid: 7, job: 1, fence: 1, ...rest };
  };
  const good = {
    acknowledged: [1],
    jobs: [job],
    records: [said("began", 1), said("ended", 2)],
    kills: [] as Kill[],
  };
  const verdict = (change: Partial<Evidence>) => contradictions({ ...good, ...change }).join("; ");
  expect(verdict({})).toBe("");
  expect(verdict({ acknowledged: [1, 2] })).toMatch("job 2 is lost");
  expect(verdict({ acknowledged: [] })).toMatch("never enqueued");
  expect(verdict({ jobs: [{ ...job, state: "failed" }] })).toMatch("is failed");
  expect(verdict({ jobs: [{ ...job, attempts: 2 }] })).toMatch("2 attempts");
  expect(verdict({ records: [said("began", 1)] })).toMatch("never ran to its end");
  const again = [said("began", 1.5, { fence: 3, pid: 8 }), said("ended", 4, { fence: 3, pid: 8 })];
  const twice = { jobs: [{ ...job, fence: 3 }], records: [...good.records, ...again] };
  expect(verdict(twice)).toMatch("fences 1 and 3 at once");
  expect(verdict(twice)).toMatch("although its process 7 lived");
  const torn = { ...twice, records: [said("began", 1), ...again], kills: [{ pid: 7, at: 1.2 }] };
  expect(verdict(torn)).toMatch("counts 0 crashes, 1 runs were torn off");
  const count = { ...job, name: "count", args: { items: 3 } } as JobRow;
  const items = (...values: number[]) => [
    ...values.map((value, at) => said("item", at, { value })),
    said("onComplete", 9),
  ];
  expect(verdict({ jobs: [count], records: items(0, 1, 2) })).toBe("");
  expect(verdict({ jobs: [count], records: items(0, 2) })).toMatch("item 2 where 1 was due");
  expect(verdict({ jobs: [count], records: items(0, 1) })).toMatch("did 2 of 3 items");
});
