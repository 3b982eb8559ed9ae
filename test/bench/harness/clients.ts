// The clients of a measurement, each with an empty store of its own.

import type { Entry } from "../contenders.ts";
import { Run } from "./contest.ts";
import type { Bench } from "./measurement.ts";

/** Each is started when it is first asked for. */
export class Clients implements AsyncDisposable {
  readonly #bench: Bench;
  readonly #runs = new Map<Entry, Promise<Run>>();

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  of(entry: Entry): Promise<Run> {
    const known = this.#runs.get(entry);
    if (known) return known;
    const run = Run.start(this.#bench, entry);
    this.#runs.set(entry, run);
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs.values()) {
      // one that never started has nothing to end
      await run.then((each) => each[Symbol.asyncDispose]()).catch(() => undefined);
    }
  }
}
