// Our store without a runtime: registers as a worker and takes turns, one after the other, each
// settling what the one before claimed. Until nothing is ready, or until the time it is told.

import { setImmediate as nextRound } from "node:timers/promises";
import { openStore, type Settlement } from "@queue-runtime/store";
import { asked, hearParent } from "../harness/program.ts";

interface Options {
  readonly url: string;
  readonly batch: number;
}

export interface Turns {
  readonly jobs: number;
  readonly ms: number;
  /** From asking for a turn to having it, one for each, in milliseconds. */
  readonly waits: readonly number[];
}

const { url, batch } = asked<Options>();
const store = await openStore(url, { durability: "normal" });
const processId = await store.processes.register({
  kind: "worker",
  name: `bench ${process.pid}`,
  supervisorId: null,
  queues: ["*"],
  pid: process.pid,
  host: "bench",
  bootId: "bench",
  startTicks: 0,
});
process.send!("ready");
const { forMs } = await hearParent<{ readonly forMs: number }>();
const answer = await takeTurns(forMs);
await store.close();
process.send!(answer, () => process.disconnect());

async function takeTurns(forMs: number): Promise<Turns> {
  const claim = { queues: ["*"], names: ["noop"], limit: batch, idle: false };
  const waits: number[] = [];
  const began = performance.now();
  let settlements: Settlement[] = [];
  let jobs = 0;
  for (;;) {
    const asked = performance.now();
    const over = asked - began > forMs;
    const { claimed } = await store.jobs.turn({
      processId,
      settlements,
      checkpoints: [],
      claim: over ? null : claim,
    });
    waits.push(performance.now() - asked);
    jobs += settlements.length;
    if (claimed.length === 0) return { jobs, ms: performance.now() - began, waits };
    settlements = claimed.map(({ id, fence }) => ({
      id,
      fence,
      outcome: "finished",
      result: null,
    }));
    // as the runtime does it: a worker comes back to its event loop between two turns
    await nextRound();
  }
}
