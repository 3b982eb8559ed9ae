// Keeps the registered processes alive in the store, in one statement for all of them, and asks
// each child's watchdog whether it lives. A child that does not answer is not beaten for, and is
// killed.

import type { Beat, Store } from "@queue-runtime/store";
import type { ProcessConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { rssOf } from "../process/identity.ts";
import { monotonic } from "../process/monotonic.ts";
import { Loop } from "../service/loop.ts";
import type { Child } from "./child.ts";
import type { Family } from "./family.ts";

/** Children are asked this often in milliseconds, or six times per threshold if that is sooner. */
const longestPingMs = 1_000;

export interface HeartOptions {
  readonly config: ProcessConfig;
  readonly store: Store;
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
  #troubledSince: number | null = null;

  constructor(options: HeartOptions) {
    this.#options = options;
    this.#pingMs = Math.min(longestPingMs, options.config.aliveThresholdMs / 6);
    this.#beats = new Loop(
      () => this.#beat(),
      (error) => this.#trouble(error),
    );
  }

  start(): void {
    this.#beats.start();
    this.#pings = setInterval(() => this.#ping(), this.#pingMs);
  }

  /** After the last child ended: until then its jobs are held. */
  async stop(): Promise<void> {
    clearInterval(this.#pings);
    await this.#beats.stop();
  }

  async #beat(): Promise<number> {
    const { store, family, self, others, forgotten, config } = this.#options;
    const children = family.children.filter(
      (child) => child.processId > 0 && child.state !== "gone",
    );
    const beats = children.map((child) => ({
      id: child.processId,
      state: child.processState,
      rssBytes: rssOf(child.pid),
    }));
    const me = self();
    const gone = new Set(await store.processes.heartbeat([me, ...beats, ...others()]));
    this.#well();
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

  #trouble(error: unknown): number {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#troubledSince === null) this.#options.log.report({ type: "store-trouble", message });
    this.#troubledSince ??= monotonic();
    return Math.min(1_000, this.#options.config.heartbeatIntervalMs);
  }

  #well(): void {
    if (this.#troubledSince === null) return;
    this.#options.log.report({ type: "store-well", ms: monotonic() - this.#troubledSince });
    this.#troubledSince = null;
  }
}
