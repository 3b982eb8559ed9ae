// Budget rows "resident memory of the supervisor with 100,000 queued" and "nothing in the supervisor
// runs on a timer faster than a second". All commands have come through its control socket, and
// have been looked at through it. A wake-up is a voluntary context switch as the kernel counts them:
// of the main thread, where all timers are, and of all threads. The least is what a process is
// seen to do that only has a timer of one second: one a second.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { residentBytes } from "../../../support/proc.ts";
import { monotonic } from "../../../support/runtime-process.ts";
import { CommandRuntime } from "../../harness/command-runtime.ts";
import type { Bench, Measurement } from "../../harness/measurement.ts";
import { childPids } from "../../harness/project.ts";
import { below, type Figure, medianOf } from "../../report/figures.ts";

export const weight: Measurement = {
  name: "commands/weight",
  title: "Memory and wake-ups of a runtime with 100,000 commands queued",
  limitMs: 400_000,
  run,
};

/** A request has at most 1 MB, and each command brings its environment. */
const atOnce = 200;

async function run(bench: Bench): Promise<readonly Figure[]> {
  await using runtime = await CommandRuntime.start(bench);
  const supervisor = runtime.runtime.pid;
  // one that has run, so that the process that runs them is there
  await runtime.add("true");
  await runtime.runtime.until(() => childPids(supervisor, "runtime commands").length > 0, {
    deadlineMs: 20_000,
    what: "the process that runs commands",
  });
  const child = childPids(supervisor, "runtime commands")[0]!;
  const empty = residentBytes(supervisor) / 1e6;
  const { control, parkedRequest } = runtime;
  const commands = Array.from({ length: atOnce }, () => parkedRequest);
  const count = bench.many(100_000, atOnce);
  for (let queued = 0; queued < count; queued += atOnce) {
    await control.post("/commands/many", { commands });
  }
  for (const path of ["/commands?limit=1000", "/status", "/groups", "/metrics"]) {
    await control.get(path);
  }
  const most = residentBytes(supervisor) / 1e6;
  await sleep(3_000);
  const figures = [
    medianOf("supervisor, before", "MB", [empty]),
    medianOf("supervisor, just after all were added", "MB", [most], below(150)),
    medianOf("supervisor, 3 s later", "MB", [residentBytes(supervisor) / 1e6], below(150)),
    medianOf("the process that runs commands", "MB", [residentBytes(child) / 1e6]),
  ];
  const queuedOnly = await wakeUps(bench, { supervisor, child });
  await runtime.add("sleep 300");
  await sleep(1_000);
  const running = await wakeUps(bench, { supervisor, child });
  return [
    ...figures,
    ...wakeUpFigures("all wait", queuedOnly),
    ...wakeUpFigures("one runs", running),
  ];
}

interface Woken {
  readonly main: number;
  readonly all: number;
}

type Family = "supervisor" | "child";

/** Per minute. */
async function wakeUps(
  bench: Bench,
  pids: Readonly<Record<Family, number>>,
): Promise<Readonly<Record<Family, Woken>>> {
  const before = { supervisor: switches(pids.supervisor), child: switches(pids.child) };
  const began = monotonic();
  await sleep(bench.many(30_000, 5_000));
  const perMinute = 60_000 / (monotonic() - began);
  const since = (family: Family): Woken => {
    const now = switches(pids[family]);
    return {
      main: (now.main - before[family].main) * perMinute,
      all: (now.all - before[family].all) * perMinute,
    };
  };
  return { supervisor: since("supervisor"), child: since("child") };
}

function wakeUpFigures(when: string, woken: Readonly<Record<Family, Woken>>): Figure[] {
  const { supervisor, child } = woken;
  return [
    medianOf(`${when}: supervisor, main thread, wake-ups`, "/min", [supervisor.main]),
    medianOf(`${when}: supervisor, all threads`, "/min", [supervisor.all]),
    medianOf(`${when}: child, main thread`, "/min", [child.main]),
    medianOf(`${when}: child, all threads`, "/min", [child.all]),
  ];
}

/** Voluntary context switches so far. */
function switches(pid: number): Woken {
  const threads = readdirSync(`/proc/${pid}/task`);
  const counts = threads.map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, "latin1");
    return { thread, count: Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(text)?.[1]) };
  });
  const main = counts.find(({ thread }) => thread === String(pid))!.count;
  return { main, all: counts.reduce((sum, { count }) => sum + count, 0) };
}
