// Tells the world of commands that ended, once their ends are stored: a few at a time, each tried
// again with growing pauses, and none of them in the way of a command. They are kept in memory
// only, so a callback can be lost with this process; what it would have told is in the store.

import { setTimeout as delay } from "node:timers/promises";
import type { Settlement, Store } from "@queue-runtime/store";
import type { CallbackConfig, CallbackResult, CommandsConfig } from "../../../config.ts";
import type { Log } from "../../../log.ts";
import { monotonic } from "../../../process/monotonic.ts";
import type { Run } from "../run.ts";
import { deliver } from "./deliver.ts";
import { factsOf, resultOf } from "./facts.ts";

const mostAtOnce = 4;
/** More than these wait for nobody: the oldest are given up. */
const mostWaiting = 10_000;
/** The pause before the second try, in milliseconds; doubled each time. */
const shortestPauseMs = 1_000;
const longestPauseMs = 60_000;

export interface CallbacksOptions {
  readonly store: Store;
  readonly log: Log;
  readonly config: () => CommandsConfig;
}

interface Call {
  readonly run: Run;
  readonly settlement: Settlement;
  readonly result: CallbackResult;
  readonly callback: CallbackConfig;
}

export class Callbacks {
  readonly #options: CallbacksOptions;
  readonly #waiting: Call[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: CallbacksOptions) {
    this.#options = options;
  }

  ended(run: Run, settlement: Settlement): void {
    const { callback } = this.#options.config();
    const result = resultOf(settlement);
    if (!callback || !result || !callback.on.includes(result)) return;
    this.#waiting.push({ run, settlement, result, callback });
    if (this.#waiting.length > mostWaiting) {
      const { run: oldest } = this.#waiting.shift()!;
      this.#report(oldest, { tries: 0, message: "too many wait", delayMs: null });
    }
    this.#pump();
  }

  /** Resolves when all went through or were given up, at the latest `until()`. */
  async finish(until: () => number): Promise<void> {
    while (this.#underWay.size > 0 && monotonic() < until()) {
      const left = Math.max(0, until() - monotonic());
      await Promise.race([Promise.all(this.#underWay), delay(left, undefined, { ref: false })]);
    }
    this.#stop.abort();
    for (const { run } of this.#waiting.splice(0)) {
      this.#report(run, { tries: 0, message: "the runtime stops", delayMs: null });
    }
    await Promise.all(this.#underWay);
  }

  #pump(): void {
    while (this.#underWay.size < mostAtOnce) {
      const call = this.#waiting.shift();
      if (!call) return;
      const made = this.#make(call).finally(() => {
        this.#underWay.delete(made);
        this.#pump();
      });
      this.#underWay.add(made);
    }
  }

  /** Never rejects. */
  async #make(call: Call): Promise<void> {
    const { callback, run, settlement, result } = call;
    const { signal } = this.#stop;
    const facts = factsOf(run, settlement, { result, queued: await this.#queued(run) });
    for (let tries = 1; ; tries++) {
      const { shell } = this.#options.config();
      const message = await deliver({ callback, shell, facts, signal }).then(
        () => null,
        (error: Error) => error.message,
      );
      const last = message === null || tries > callback.retries || signal.aborted;
      const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** (tries - 1));
      this.#report(run, { tries, message, delayMs: last ? null : pauseMs });
      if (last) return;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #queued({ job }: Run): Promise<number> {
    try {
      const groups = await this.#options.store.commands.groups();
      return groups.find(({ name }) => name === job.queue)?.jobs.ready ?? 0;
    } catch {
      // the store is away just now, and the callback has more to say than this
      return 0;
    }
  }

  #report(
    { id }: Run,
    how: {
      readonly tries: number;
      readonly message: string | null;
      readonly delayMs: number | null;
    },
  ): void {
    this.#options.log.report({ type: "command-callback", jobId: id, ...how });
  }
}
