// A store with so many jobs ready, and turns on it that settle what they claimed before and claim
// as many again. What was taken is put back, so that the backlog stays what it is.

import { openStore, type Settlement, type Store } from "@queue-runtime/store";
import { median } from "../report/figures.ts";
import { settle } from "../servers/postgres.ts";
import type { Bench } from "./measurement.ts";
import { fill, payload } from "./payload.ts";

const perTurn = 20;

export class Claimer {
  readonly #store: Store;
  readonly #processId: number;

  private constructor(store: Store, processId: number) {
    this.#store = store;
    this.#processId = processId;
  }

  static async open(bench: Bench, ready: number): Promise<Claimer> {
    const url = await bench.newStore();
    await fill(url, "noop", ready);
    if (bench.store === "postgres") await settle(url);
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
      if (!last && claimed.length < perTurn) throw new Error(`only ${claimed.length} were claimed`);
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
