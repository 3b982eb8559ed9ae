// Budget row "cancel of a running job". The cancel is committed by another process than the one
// that runs the job; the clock starts when the call of `cancel` returns, which is just after its
// commit.

import { setTimeout as sleep } from "node:timers/promises";
import { openStore, type Store } from "@queue-runtime/store";
import { monotonic, type RuntimeProcess } from "../../support/runtime-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { readMarks, untilMarked } from "../harness/marks.ts";
import type { Bench, Measurement } from "../harness/measurement.ts";
import { Project } from "../harness/project.ts";
import { below, type Figure, percentileOf } from "../report/figures.ts";

export const cancel: Measurement = {
  name: "cancel",
  title: "Cancel of a running job, from the commit in another process",
  limitMs: 90_000,
  run,
};

interface World {
  readonly project: Project;
  readonly runtime: RuntimeProcess;
  readonly store: Store;
}

interface Samples {
  readonly flag: number[];
  readonly end: number[];
  readonly call: number[];
}

async function run(bench: Bench): Promise<readonly Figure[]> {
  const count = bench.many(150, 10);
  await using project = await Project.create(bench, { workers: [{ name: "bench", threads: 2 }] });
  const runtime = await project.start().ready();
  const store = await openStore(project.url);
  const spin = await cancelEach(
    { project, runtime, store },
    { name: "spin", word: "stopping", count },
  );
  const listen = await cancelEach(
    { project, runtime, store },
    { name: "listen", word: "aborted", count },
  );
  await store.close();
  await runtime.stop();
  return [
    percentileOf({ what: "to the flag, in a spinning job, p50" }, spin.flag, 50),
    percentileOf({ what: "to the flag, in a spinning job, p99", budget: below(5) }, spin.flag, 99),
    percentileOf({ what: "to the signal, in a waiting job, p50" }, listen.flag, 50),
    percentileOf(
      { what: "to the signal, in a waiting job, p99", budget: below(5) },
      listen.flag,
      99,
    ),
    percentileOf({ what: "to `cancelled`, a job that listens, p50" }, listen.end, 50),
    percentileOf(
      { what: "to `cancelled`, a job that listens, p99", budget: below(50) },
      listen.end,
      99,
    ),
    percentileOf({ what: "the call of cancel itself, p50" }, listen.call, 50),
  ];
}

async function cancelEach(
  { project, runtime, store }: World,
  what: { readonly name: string; readonly word: string; readonly count: number },
): Promise<Samples> {
  const samples: Samples = { flag: [], end: [], call: [] };
  for (let sample = 0; sample < what.count; sample += 1) {
    const file = `${project.folder}/marks-${what.name}-${sample}`;
    const [enqueued] = await store.jobs.enqueue([{ name: what.name, args: { file } }]);
    await untilMarked(runtime, file, { word: "started", times: 1 });
    await sleep(20);
    const called = monotonic();
    await store.jobs.cancel([enqueued!.id]);
    const committed = monotonic();
    const options = { everyMs: 1, what: `the end of ${what.name}` };
    const ended = async () => (await store.jobs.find(enqueued!.id))?.finishedAt != null;
    await waitFor(ended, options);
    samples.end.push(monotonic() - committed);
    samples.call.push(committed - called);
    const [mark] = readMarks(file, what.word);
    if (!mark) throw new Error(`the cancelled job never said "${what.word}"`);
    samples.flag.push(Math.max(0, mark.at - committed));
  }
  return samples;
}
