// Keeps the registered processes alive in the store, in one statement for all of them, and asks
// each child's watchdog whether it lives. A child that does not answer is not beaten for, and is
// killed. On a store that hosts share, it also knows how long this host may count on its jobs.

import { type Beat, type Store, StoreError } from "@queue-runtime/store";
import type { ProcessConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { monotonic } from "../process/monotonic.ts";
import { Loop } from "../service/loop.ts";
import type { StoreHealth, StoreUser } from "../service/store-health.ts";
import type { Child } from "./family/child.ts";
import type { Family } from "./family.ts";
import { Lease } from "./heart/lease.ts";

/** Children are asked this often in milliseconds, or six times per threshold if that is sooner. */
const longestPingMs = 1_000;
/** A beat is given up after so long in milliseconds, or a sixth of the threshold. */
const longestBeatMs = 5_000;

export interface HeartOptions {
  readonly config: ProcessConfig;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly log: Log;
  readonly family: Family;
  /** The supervisor's own beat. */
  readonly self: () => Beat;
  /** Beats for others: children of an earlier runtime that are still stopping. */
  readonly others: () => readonly Beat[];
  /** The supervisor's own row is gone: it was pruned while it slept. */
  readonly forgotten: () => Promise<void>;
}

export class Heart {
  readonly #options: HeartOptions;
  readonly #beats: Loop;
  readonly #pingMs: number;
  #pings: NodeJS.Timeout | undefined;
  #pingedAt = monotonic();
  readonly #health: StoreUser;
  readonly #lease: Lease;
  readonly #leaseChecks: Loop;

  constructor(options: HeartOptions) {
    this.#options = options;
    this.#health = options.health.user();
    this.#lease = this.#takeLease();
    this.#leaseChecks = new Loop(
      async () => this.#lease.check(monotonic()),
      (error) => {
        throw error;
      },
    );
    this.#pingMs = Math.min(longestPingMs, options.config.aliveThresholdMs / 6);
    this.#beats = new Loop(
      () => this.#beat(),
      (error) => Math.min(options.config.heartbeatIntervalMs, this.#health.failed(error)),
    );
  }

  start(): void {
    this.#beats.start();
    this.#pings = setInterval(() => this.#ping(), this.#pingMs);
    // nobody takes over on a store of this host alone but this host
    if (this.#options.store.shared) this.#leaseChecks.start();
  }

  /** How a child stands has changed by our doing: the store learns it now, not at the next beat. */
  beat(): void {
    this.#beats.wake();
  }

  /** After the last child ended: until then its jobs are held. */
  async stop(): Promise<void> {
    clearInterval(this.#pings);
    await this.#leaseChecks.stop();
    await this.#beats.stop();
  }

  async #beat(): Promise<number> {
    const { store, family, self, others, forgotten, config } = this.#options;
    const children = family.children.filter(
      (child) => child.processId > 0 && child.state !== "gone",
    );
    const beats = children.map(({ beat }) => beat);
    const me = self();
    const began = monotonic();
    const answer = store.processes.heartbeat([me, ...beats, ...others()]);
    answer.then(() => this.#renew(began)).catch(() => undefined);
    const gone = new Set(await this.#inTime(answer));
    this.#health.succeeded();
    if (gone.has(me.id)) await forgotten();
    for (const child of children) {
      // one that stops removes its row itself, and notices by itself when somebody else did
      if (!gone.has(child.processId) || child.state === "stopping") continue;
      family.replace(child, "it is no longer registered");
    }
    return config.heartbeatIntervalMs;
  }

  #ping(): void {
    const now = monotonic();
    const { family, config } = this.#options;
    // we slept ourselves: what the children answered meanwhile is not read yet
    const slept =
      now - this.#pingedAt > Math.min(this.#pingMs * 2 + 1_000, config.aliveThresholdMs / 2);
    this.#pingedAt = now;
    for (const child of family.children) {
      // it is mourned for as long as the store is away
      if (child.state === "gone") continue;
      if (slept) child.answeredAt = now;
      this.#notice(child, now - child.answeredAt, config.aliveThresholdMs);
      child.ping();
    }
  }

  #notice(child: Child, silentMs: number, thresholdMs: number): void {
    const { family, log } = this.#options;
    // loading code keeps a main loop busy, and is no news
    if (child.busy !== child.reportedBusy && child.state !== "starting") {
      child.reportedBusy = child.busy;
      log.report({ type: "child-busy", name: child.name, pid: child.pid, busy: child.busy });
    }
    // while it starts, `startup_timeout` judges it
    if (child.state === "starting" || child.frozenMs !== null || silentMs <= thresholdMs) return;
    child.frozenMs = silentMs;
    family.replace(child, `it has not answered for ${Math.round(silentMs)} ms`);
  }

  // The lease

  #takeLease(): Lease {
    const { family, log, config } = this.#options;
    const thresholdMs = config.aliveThresholdMs;
    return new Lease({
      thresholdMs,
      now: monotonic(),
      lost: (silentMs) => {
        log.report({ type: "lease-lost", silentMs, thresholdMs });
        family.setLeaseLost(true);
      },
      over: (silentMs) => {
        family.killRunning(`no heartbeat for ${Math.round(silentMs)} ms, and it still runs jobs`);
      },
      regained: (ms) => {
        log.report({ type: "lease-regained", ms });
        family.setLeaseLost(false);
      },
    });
  }

  /** However late the answer is: the store took the beat no earlier than it began. */
  #renew(began: number): void {
    this.#lease.renew(began);
    if (this.#lease.isLost) this.#leaseChecks.wake();
  }

  /** A beat into a dead link must not keep the next one from trying another connection. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { store, config } = this.#options;
    if (!store.shared) return await answer;
    const limitMs = Math.round(Math.min(longestBeatMs, config.aliveThresholdMs / 6));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new StoreError("unreachable", `no answer to a heartbeat within ${limitMs} ms`);
      timer = setTimeout(() => reject(error), limitMs);
    });
    return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }
}
