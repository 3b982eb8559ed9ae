// Tells the world of commands that ended, once their ends are stored: a few at a time, each tried
// again with growing pauses, and none of them in the way of a command. An end is stored together
// with the word that is owed of it, so that whoever comes after us says it: at least once. What
// never began, because it comes after one that failed, is found in the store.

import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { type CommandJob, type Settlement, type Store, systemClock } from "@queue-runtime/store";
import type { CallbackConfig, CallbackResult, CommandsConfig } from "../../../config.ts";
import { outputFile } from "../../../control/output/files.ts";
import type { Log } from "../../../log.ts";
import { monotonic } from "../../../process/monotonic.ts";
import type { Run } from "../run.ts";
import { deliver } from "./deliver.ts";
import { type EndFacts, factsOf, resultOf, storedFactsOf } from "./facts.ts";
import { Given } from "./given.ts";

const mostAtOnce = 4;
/** More than these wait for nobody: the oldest are left to whoever comes after us. */
const mostWaiting = 10_000;
/** The pause before the second try, in milliseconds; doubled each time. */
const shortestPauseMs = 1_000;
const longestPauseMs = 60_000;
/** Between two looks into the store, in milliseconds. */
const betweenLooksMs = 100;
/** What failed without having begun longer ago, when we come, is no news. */
const newsMs = 3_600_000;

const results: readonly CallbackResult[] = ["finished", "failed", "cancelled"];

export interface CallbacksOptions {
  readonly store: Store;
  readonly log: Log;
  readonly config: () => CommandsConfig;
}

interface Call {
  readonly facts: EndFacts;
  readonly callback: CallbackConfig;
}

export class Callbacks {
  readonly #options: CallbacksOptions;
  readonly #waiting: Call[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #since = systemClock.now() - newsMs;
  readonly #given: Given;
  #hungry = false;
  #looking = false;
  /** What a process before us owed was looked for. */
  #caughtUp = false;

  constructor(options: CallbacksOptions) {
    this.#options = options;
    this.#given = new Given(options.store);
  }

  /** The end as it is to be stored. */
  owed(settlement: Settlement): Settlement {
    const result = resultOf(settlement);
    if (!settlement.commandEnd || !result || !this.#wanted(result)) return settlement;
    return { ...settlement, untold: hostname() };
  }

  ended(run: Run, settlement: Settlement): void {
    const result = resultOf(settlement);
    if (result) this.#add(factsOf(run, settlement, result), result);
    if (result && result !== "finished") this.look();
  }

  /** Some may have failed that never began. */
  look(): void {
    this.#hungry = this.#wanted("failed") !== null || !this.#caughtUp;
    if (this.#hungry && !this.#looking) void this.#lookForAll();
  }

  /** Resolves when all went through or were given up, at the latest `until()`. */
  async finish(until: () => number): Promise<void> {
    while (this.#underWay.size > 0 && monotonic() < until()) {
      const left = Math.max(0, until() - monotonic());
      await Promise.race([Promise.all(this.#underWay), delay(left, undefined, { ref: false })]);
    }
    this.#stop.abort();
    this.#waiting.length = 0;
    await Promise.all(this.#underWay);
    await this.#given.written();
  }

  #wanted(result: CallbackResult): CallbackConfig | null {
    const { callback } = this.#options.config();
    return callback?.on.includes(result) ? callback : null;
  }

  /** False when nobody wants to hear of it. */
  #add(facts: EndFacts, result: CallbackResult): boolean {
    const callback = this.#wanted(result);
    if (!callback || this.#stop.signal.aborted) return false;
    this.#waiting.push({ facts, callback });
    if (this.#waiting.length > mostWaiting) this.#waiting.shift();
    this.#pump();
    return true;
  }

  async #lookForAll(): Promise<void> {
    this.#looking = true;
    while (this.#hungry && !this.#stop.signal.aborted) {
      this.#hungry = false;
      const options = { since: this.#since, again: !this.#caughtUp };
      try {
        const found = await this.#options.store.commands.untold(hostname(), options);
        this.#caughtUp = true;
        for (const job of found) this.#found(job);
      } catch {
        // the store is away; whoever looks next finds them
      }
      await delay(betweenLooksMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
    this.#looking = false;
  }

  #found(job: CommandJob): void {
    const { id, attempts: attempt, state } = job;
    const output = outputFile(this.#options.config().output, { id, attempt, stderr: false });
    const result = results.find((each) => each === state);
    const added = result && this.#add(storedFactsOf(job, result, output), result);
    if (!added && !this.#stop.signal.aborted) this.#given.note(id);
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
  async #make({ callback, facts: known }: Call): Promise<void> {
    const { signal } = this.#stop;
    const facts = { ...known, queued: await this.#queued(known.group) };
    for (let tries = 1; ; tries++) {
      const { shell } = this.#options.config();
      const message = await deliver({ callback, shell, facts, signal }).then(
        () => null,
        (error: Error) => error.message,
      );
      const stopped = message !== null && signal.aborted;
      const last = message === null || tries > callback.retries || stopped;
      const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** (tries - 1));
      this.#report(facts.job_id, { tries, message, delayMs: last ? null : pauseMs });
      if (last && !stopped) this.#given.note(facts.job_id);
      if (last) return;
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #queued(group: string): Promise<number> {
    try {
      const groups = await this.#options.store.commands.groups();
      return groups.find(({ name }) => name === group)?.jobs.ready ?? 0;
    } catch {
      // the store is away just now, and the callback has more to say than this
      return 0;
    }
  }

  #report(
    jobId: number,
    how: {
      readonly tries: number;
      readonly message: string | null;
      readonly delayMs: number | null;
    },
  ): void {
    this.#options.log.report({ type: "command-callback", jobId, ...how });
  }
}
