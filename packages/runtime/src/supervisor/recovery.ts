// What happens to the jobs of processes that are gone: of our own children at once, of those that
// an earlier runtime on this host left behind at boot, or when they end.

import { setTimeout as delay } from "node:timers/promises";
import {
  type Beat,
  type Evidence,
  type Process,
  type ProcessIdentity,
  type Store,
  systemClock,
} from "@queue-runtime/store";
import type { Log } from "../log.ts";
import { isAlive, rssOf, sameHost } from "../process/identity.ts";
import { monotonic } from "../process/monotonic.ts";
import { isAway, type StoreHealth } from "../service/store-health.ts";

/** How often a living orphan is looked at, in milliseconds. */
const orphanPollMs = 250;

/** A process that ended. */
export type Departed = Pick<Process, "id" | "name" | "kind"> & Partial<Pick<Process, "pid">>;

export class Recovery {
  readonly #store: Store;
  readonly #log: Log;
  readonly #health: StoreHealth;
  #closed = false;
  readonly #orphans = new Set<Process>();
  /** Jobs became ready or ended by our own hand; nobody is told of his own changes by the store. */
  released: () => void = () => {};
  /** Commands outlive the process that runs them: they are taken over, before its row goes. */
  inherit: (from: Departed) => Promise<void> = async () => {};

  constructor(store: Store, log: Log, health: StoreHealth) {
    this.#store = store;
    this.#log = log;
    this.#health = health;
  }

  /** Tries until the store answers, or `until` by the monotonic clock: false then. */
  async recover(
    process: Departed,
    evidence: Evidence,
    until: () => number = () => Number.POSITIVE_INFINITY,
  ): Promise<boolean> {
    const began = monotonic();
    const user = this.#health.user();
    for (;;) {
      try {
        await this.inherit(process);
        const jobs = await this.#store.jobs.recover(process.id, evidence);
        user.succeeded();
        const count = (outcome: string) => jobs.filter((job) => job.outcome === outcome).length;
        this.#log.report({
          type: "jobs-recovered",
          name: process.name,
          ready: count("ready"),
          failed: count("failed"),
          cancelled: count("cancelled"),
          ms: monotonic() - began,
        });
        if (jobs.length > 0) this.released();
        return true;
      } catch (error) {
        const pauseMs = user.failed(error);
        if (monotonic() + pauseMs >= until()) {
          user.gone();
          return false;
        }
        await delay(pauseMs);
      }
    }
  }

  /**
   * Looks at everybody this host ever registered: the dead are recovered now; the living of a dead
   * supervisor keep their jobs until they stop, which is at most `graceMs` away.
   */
  async sweep(self: ProcessIdentity, graceMs: number): Promise<void> {
    const goOn = (error: unknown) => this.#store.shared && isAway(error);
    const all = await this.#health.insist(() => this.#store.processes.list(), { goOn });
    const processes = all.filter((each) => sameHost(each, self));
    const alive = new Map(processes.map((each) => [each.id, isAlive(each)]));
    for (const process of processes) {
      const led = process.supervisorId !== null && alive.get(process.supervisorId) === true;
      if (!alive.get(process.id)) await this.recover(process, evidenceOf(process));
      else if (process.supervisorId !== null && !led) this.#leave(process, graceMs);
    }
  }

  /** Living orphans are beaten for, or they would be pruned while they finish their jobs. */
  orphanBeats(): readonly Beat[] {
    return [...this.#orphans]
      .filter(isAlive)
      .map(({ id, pid }) => ({ id, state: "stopping", rssBytes: rssOf(pid) }));
  }

  close(): void {
    this.#closed = true;
  }

  #leave(orphan: Process, graceMs: number): void {
    this.#log.report({ type: "orphan-left", name: orphan.name, pid: orphan.pid });
    this.#orphans.add(orphan);
    void this.#watch(orphan, monotonic() + graceMs);
  }

  async #watch(orphan: Process, until: number): Promise<void> {
    while (isAlive(orphan) && monotonic() < until) {
      if (this.#closed) return;
      await delay(orphanPollMs, undefined, { ref: false });
    }
    this.#orphans.delete(orphan);
    if (!this.#closed) await this.recover(orphan, evidenceOf(orphan));
  }
}

/** Nobody saw it end, and nobody knows what it had started: every job it held is a suspect. */
function evidenceOf(process: Process): Evidence {
  const silentMs = Math.max(0, systemClock.now() - process.heartbeatAt);
  return { end: { how: "silent", silentMs }, started: null };
}
