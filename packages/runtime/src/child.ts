// A child's own side of the fork: boots the service it was told to be, and takes it down again.

import { fileURLToPath } from "node:url";
import { Worker as Thread } from "node:worker_threads";
import { openStore, type Store } from "@queue-runtime/store";
import type { MadeService, ServiceOptions } from "./child/services.ts";
import { onTerm } from "./child/signals.ts";
import type { WatchdogData } from "./entry/watchdog.ts";
import { type Log, openLog } from "./log.ts";
import { type Timetable, timetable } from "./process/deadline.ts";
import { exitCodeOf } from "./process/exit-codes.ts";
import type { FromChild, ToChild } from "./process/messages.ts";
import { monotonic } from "./process/monotonic.ts";
import { reserveStdout } from "./process/reserve-stdout.ts";
import { runMoment } from "./service/moments.ts";
import { closeInTime, isAway, isOnServer, StoreHealth } from "./service/store-health.ts";
import type { Service } from "./service.ts";

type Boot = Extract<ToChild, { type: "boot" }>;

/** It holds a timer and a pipe. */
const watchdogLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, stackSizeMb: 1 };

/**
 * A child that comes while the store is away waits for it, for this share of `startup_timeout`: then
 * it says why it cannot start, before it is killed for not being ready.
 */
const patienceShare = 0.8;

const titles = { worker: "Worker", dispatcher: "Dispatcher", scheduler: "Scheduler" } as const;

interface Maker {
  readonly makeService: (options: ServiceOptions) => Promise<MadeService>;
}

function makerOf(kind: string | undefined): Promise<Maker> {
  if (kind === "worker") return import("./child/worker-service.ts");
  if (kind === "commands") return import("./child/command-service.ts");
  return import("./child/duty-service.ts");
}

export class ChildHost {
  readonly #maker: Promise<Maker>;
  #take: MadeService["take"];
  #boot: Boot | null = null;
  #log: Log | null = null;
  #store: Store | null = null;
  #service: Service | null = null;
  #times: Timetable | null = null;
  #cause = "SIGTERM";
  #quiet = false;
  #leaseLost = false;
  #stopping: Promise<void> | null = null;
  readonly #beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

  /** @param kind what it will be told to be: known now, so that all it needs is loaded by then */
  constructor(kind: string | undefined) {
    this.#maker = makerOf(kind);
    // whoever waits for it hears what is wrong
    this.#maker.catch(() => undefined);
  }

  listen(): void {
    process.on("message", (message: ToChild) => this.#hear(message));
    process.on("disconnect", () => this.#stop("the supervisor is gone"));
    onTerm(() => this.#stop(this.#cause));
    this.#send({ type: "up" });
  }

  #hear(message: ToChild): void {
    if (message.type === "quiet") {
      this.#quiet = message.on;
      this.#service?.quiet(message.on);
    }
    if (message.type === "lease") {
      this.#leaseLost = message.lost;
      this.#service?.leaseLost(message.lost);
    }
    if (message.type === "news") this.#service?.hear(message.news);
    if (message.type === "commands") this.#take?.(message.message);
    if (message.type === "boot" && !this.#stopping) {
      this.#boot = message;
      this.#quiet = message.quiet;
      void this.#start(message);
    }
    if (message.type === "stop") {
      this.#times = message.times;
      this.#stop("told by the supervisor");
    }
  }

  async #start(boot: Boot): Promise<void> {
    process.title = `runtime ${boot.role.name}`;
    if (boot.log.fd === 1) reserveStdout();
    const { store: url, durability } = boot.config;
    this.#log = openLog({ ...boot.log, process: boot.role.name });
    try {
      const watchdog = this.#startWatchdog(boot);
      const health = new StoreHealth(this.#log);
      const until = monotonic() + boot.config.process.startupTimeoutMs * patienceShare;
      const waits = () => isOnServer(url) && monotonic() < until;
      const patience = { goOn: (error: unknown) => isAway(error) && waits() };
      const open = () => openStore(url, { durability, name: `queue-runtime ${boot.role.name}` });
      const store = await health.insist(open, patience);
      this.#store = store;
      const { makeService } = await this.#maker;
      const { service, names, code, flags, take } = await makeService({
        boot,
        store,
        health,
        log: this.#log,
        send: (message) => this.#send(message),
        giveUp: (cause) => this.#stop(cause),
      });
      if (this.#stopping) return;
      this.#service = service;
      this.#take = take;
      if (flags) watchdog.postMessage(flags);
      await this.#hooks("Start");
      service.quiet(this.#quiet);
      if (this.#leaseLost) service.leaseLost(true);
      await service.start();
      await health.insist(() => store.processes.ready(boot.processId, names), patience);
      this.#send({ type: "ready", names, code });
    } catch (error) {
      if (!this.#stopping) this.#fail(error);
    }
  }

  #startWatchdog({ config }: Boot): Thread {
    const data: WatchdogData = {
      beats: this.#beats.buffer as SharedArrayBuffer,
      silentMs: config.process.aliveThresholdMs / 2,
      stopMs: config.shutdownTimeoutMs,
    };
    const file = `./entry/watchdog${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`;
    const thread = new Thread(fileURLToPath(new URL(file, import.meta.url)), {
      workerData: data,
      resourceLimits: watchdogLimits,
    });
    thread.on("message", (message: "orphaned" | null) => {
      if (message === "orphaned") this.#cause = "the supervisor is gone";
      else Atomics.add(this.#beats, 0, 1);
    });
    thread.unref();
    return thread;
  }

  /** Says why, once, and leaves the rest to the supervisor: no replacement could do better. */
  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const failed: FromChild = { type: "failed", message, exitCode: exitCodeOf(error) };
    process.send?.(failed, () => process.exit(failed.exitCode));
  }

  #stop(cause: string): void {
    // also when it is only hastened: the service compares the timetables
    if (this.#boot && this.#service) {
      const { shutdownTimeoutMs } = this.#boot.config;
      this.#times ??= timetable(monotonic(), shutdownTimeoutMs);
      if (!this.#stopping) this.#send({ type: "stopping" });
      const stopped = this.#service.stop(this.#times, cause);
      this.#stopping ??= this.#finish(stopped);
    } else {
      this.#stopping ??= this.#leave(true);
    }
  }

  async #finish(stopped: Promise<boolean>): Promise<void> {
    await this.#hooks("Stop");
    const handedOver = await stopped;
    await this.#hooks("Exit");
    await this.#leave(handedOver);
  }

  async #leave(handedOver: boolean): Promise<void> {
    const deregistered = handedOver && (await this.#deregister());
    await closeInTime(this.#store ?? undefined);
    const end = () => process.exit(handedOver ? 0 : 75);
    if (!deregistered || !process.connected) return end();
    process.send?.({ type: "handed-over" } satisfies FromChild, end);
  }

  /**
   * False when it could not be done: the supervisor then sees to the row and whatever hangs on it.
   */
  async #deregister(): Promise<boolean> {
    if (!this.#boot || !this.#store) return false;
    try {
      await this.#store.processes.deregister([this.#boot.processId]);
      return true;
    } catch {
      return false;
    }
  }

  async #hooks(moment: "Start" | "Stop" | "Exit"): Promise<void> {
    const { role, config, processId } = this.#boot!;
    const { shutdownTimeoutMs } = config;
    // hooks are code of users, and commands are run without any
    if (role.kind === "commands") return;
    for (const kind of role.kind === "worker" ? [role.kind] : role.hosts) {
      const self = { kind, name: role.name, processId };
      const end = this.#times?.kill ?? null;
      const options = { log: this.#log, shutdownTimeoutMs, end };
      await runMoment(`on${titles[kind]}${moment}`, self, options);
    }
  }

  #send(message: FromChild): void {
    // a supervisor that died while we spoke is noticed by the watchdog
    if (process.connected) process.send?.(message, () => undefined);
  }
}
