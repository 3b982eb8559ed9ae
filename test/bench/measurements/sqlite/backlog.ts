// Budget row "claim with 1,000,000 ready jobs". Both stores take the same turns, one after the
// other; what they claim is finished and replaced, so that the backlogs stay what they are.

import { join } from "node:path";
import { openStore, type Settlement, type Store } from "@queue-runtime/store";
import type { Bench, Measurement } from "../../harness/measurement.ts";
import { fill, payload } from "../../harness/payload.ts";
import { below, type Figure, median, medianOf } from "../../report/figures.ts";

export const backlog: Measurement = {
  name: "backlog",
  title: "A turn that settles and claims 20 jobs, with 1,000 and 1,000,000 jobs ready",
  limitMs: 90_000,
  run,
};

const perTurn = 20;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const small = await Claimer.open(bench, 1_000);
  const large = await Claimer.open(bench, bench.many(1_000_000, 10_000));
  const figures: Figure[] = [];
  const lists = { "*": ["*"], "names and a prefix": ["urgent", "def*"] };
  for (const [label, queues] of Object.entries(lists)) {
    const few: number[] = [];
    const many: number[] = [];
    for (let round = 0; round < bench.many(20, 3); round += 1) {
      few.push(await small.turns(queues, 20));
      many.push(await large.turns(queues, 20));
    }
    const ratio = many.map((cost, round) => cost / few[round]!);
    figures.push(
      medianOf(`queues ${label}: 1,000 ready`, "ms", few),
      medianOf(`queues ${label}: 1,000,000 ready`, "ms", many),
      medianOf(`queues ${label}: ratio`, "x", ratio, below(1.5)),
    );
  }
  await Promise.all([small.close(), large.close()]);
  return figures;
}

class Claimer {
  readonly #store: Store;
  readonly #processId: number;

  private constructor(store: Store, processId: number) {
    this.#store = store;
    this.#processId = processId;
  }

  static async open(bench: Bench, ready: number): Promise<Claimer> {
    const url = `sqlite:${join(bench.folder(), "queue.sqlite")}`;
    await fill(url, "noop", ready);
    const store = await openStore(url, { durability: "normal" });
    const processId = await store.processes.register({
      kind: "worker",
      name: "bench",
      supervisorId: null,
      queues: ["*"],
      pid: process.pid,
      host: "bench",
      bootId: "bench",
      startTicks: 0,
    });
    return new Claimer(store, processId);
  }

  /** The median cost of so many turns, in milliseconds. */
  async turns(queues: readonly string[], count: number): Promise<number> {
    const claim = { queues, names: ["noop"], limit: perTurn, idle: false };
    const costs: number[] = [];
    let settlements: Settlement[] = [];
    for (let turn = 0; turn <= count; turn += 1) {
      const last = turn === count;
      const began = performance.now();
      const { claimed } = await this.#store.jobs.turn({
        processId: this.#processId,
        settlements,
        checkpoints: [],
        claim: last ? null : claim,
      });
      // the first settles nothing, the last claims nothing
      if (turn > 0 && !last) costs.push(performance.now() - began);
      settlements = claimed.map(({ id, fence }) => ({
        id,
        fence,
        outcome: "finished",
        result: null,
      }));
    }
    const args = { ...payload(0) };
    await this.#store.jobs.enqueue(
      Array.from({ length: count * perTurn }, () => ({ name: "noop", args })),
    );
    return median(costs);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
