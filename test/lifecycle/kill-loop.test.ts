// Workers are killed at random while jobs and iterations keep coming; afterwards a judge that knows
// nothing of the runtime looks for contradictions. KILL_LOOP_SECONDS and KILL_LOOP_SEED change how
// long and in which order.

import { expect, test } from "vitest";
import { contradictions, type Kill, restartDelays } from "../support/crash-check.ts";
import { CrashProject, signal } from "../support/crash-project.ts";
import type { JobRow } from "../support/project.ts";
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

test(
  `workers killed at random for ${seconds} s lose nothing and run nothing twice at once`,
  async () => {
    const random = randomBy(seed);
    await using project = new CrashProject({
      workers: [{ threads: 2, concurrency: 2, processes: 2 }],
      log: { level: "warn" },
    });
    const runtime = project.start();
    await waitFor(() => project.pidsOf("worker").length === 2);
    const acknowledged: number[] = [];
    const kills: Kill[] = [];
    const until = monotonic() + seconds * 1_000;
    const load = pace(1_000 / burstsPerSecond, until, async (n) => {
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
    const killer = pace(killEveryMs, until, () => {
      // one that has worked: those that boot have nothing to lose
      const worked = new Set(project.records("began").map(({ pid }) => pid));
      const pids = project.pidsOf("worker").filter((each) => worked.has(each));
      const pid = pids[Math.floor(random() * pids.length)];
      if (pid === undefined) return;
      kills.push({ pid, at: monotonic() });
      signal(pid, "SIGKILL");
    });
    await Promise.all([load, killer]);

    const over = async () => {
      const { ready, running, scheduled } = (await project.status()).jobs;
      return ready! + running! + scheduled! === 0;
    };
    await waitFor(over, { everyMs: 200, deadlineMs: 30_000, what: "the end of all jobs" });
    expect(await runtime.stop()).toMatchObject({ code: 0 });
    expect(project.pids()).toEqual([]);

    const jobs: JobRow[] = [];
    for (let second = 0; second <= seconds; second++) {
      jobs.push(...(await project.jobs("--queue", `second-${second}`)));
    }
    const evidence = { acknowledged, jobs, records: project.records(), kills };
    expect(contradictions(evidence).slice(0, 20)).toEqual([]);
    const delays = restartDelays(evidence);
    const at = (share: number) => Math.round(delays[Math.floor(delays.length * share)] ?? 0);
    console.log(
      `seed ${seed}: ${jobs.length} jobs, ${kills.length} kills, ${delays.length} runs torn off;`,
      `run again after ${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`,
    );
    expect(delays.length).toBeGreaterThan(0);
    expect(at(0.5)).toBeLessThan(1_000);
    expect(at(0.99)).toBeLessThan(5_000);
  },
  (seconds + 60) * 1_000,
);
