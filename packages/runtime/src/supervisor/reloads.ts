// Reloads, one at a time: the configuration is read anew and, if it checks out, the children are
// exchanged. What is refused has changed nothing, and is in the log as well as in the answer.

import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";

export interface ReloadsOptions {
  readonly log: Log;
  /** Rejects when the configuration does not check out. */
  readonly reread: () => Promise<Config>;
  readonly current: () => Config;
  /** Resolves to the number of new children once they are ready; rejects when they cannot be. */
  readonly exchange: (config: Config) => Promise<number>;
}

export class Reloads {
  readonly #options: ReloadsOptions;
  #underWay: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(options: ReloadsOptions) {
    this.#options = options;
  }

  /** During a reload it asks for one more: that one may have read files that changed since. */
  request(): Promise<void> {
    if (!this.#underWay) return this.#begin();
    this.#next ??= this.#underWay
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.#begin();
      });
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#underWay = this.#reload().finally(() => {
      if (!this.#next) this.#underWay = null;
    });
    return this.#underWay;
  }

  async #reload(): Promise<void> {
    const { log, reread, current, exchange } = this.#options;
    log.report({ type: "runtime-reloading" });
    try {
      const config = await reread();
      refuseToMove(current(), config);
      log.report({ type: "runtime-reloaded", children: await exchange(config) });
    } catch (error) {
      log.report({ type: "reload-refused", message: (error as Error).message });
      throw error;
    }
  }
}

/** What the supervisor itself holds open cannot be exchanged under it. */
function refuseToMove(from: Config, to: Config): void {
  for (const key of ["store", "control"] as const) {
    if (isDeepStrictEqual(from[key], to[key])) continue;
    throw new Error(`${key} cannot change while the runtime runs; stop it and start it again`);
  }
}
