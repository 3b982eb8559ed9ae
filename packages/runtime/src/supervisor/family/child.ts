// The supervisor's handle on one child: its process, its pipe, its flight record. What the child is
// on its own side of the fork stands in entry/process.ts.

import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { Beat, News, ProcessEnd, ProcessState } from "@queue-runtime/store";
import type { Config } from "../../config.ts";
import type { FromCommands, ToCommands } from "../../process/command-messages.ts";
import type { Timetable } from "../../process/deadline.ts";
import { rssOf } from "../../process/identity.ts";
import {
  type CodeFacts,
  type FromChild,
  type Role,
  type ToChild,
  watchdogBytes,
} from "../../process/messages.ts";
import { monotonic } from "../../process/monotonic.ts";
import { FlightRecord } from "../../worker/flight-recorder.ts";

const entry = fileURLToPath(
  new URL(`../../entry/process${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

/** What is experimental in Node is our choice, and no news to the operator. */
const quietly = "--disable-warning=ExperimentalWarning";

/**
 * Where no job runs on the main loop, its heap has little to do: without room to grow it takes 6 MB
 * less, at the same throughput. Threads are given the usual room.
 */
const lean = "--max-semi-space-size=1";

function execArgvOf(role: Role): string[] {
  return role.kind === "worker" && role.worker.threads === 0 ? [quietly] : [quietly, lean];
}

/** Where a child stands. `failed`: it said itself that it cannot start. */
export type ChildState = "starting" | "ready" | "stopping" | "gone";

export interface ChildFailure {
  readonly message: string;
  readonly exitCode: number;
}

export class Child {
  readonly role: Role;
  readonly pid: number;
  /** Its row in the store; 0 until it is registered. */
  processId = 0;
  readonly startedAt: number = monotonic();
  state: ChildState = "starting";
  /** When its watchdog last answered. */
  answeredAt: number = monotonic();
  busy = false;
  /** What the log last said of it. */
  reportedBusy = false;
  quiet = false;
  names: readonly string[] = [];
  /** See FromChild. */
  code: CodeFacts | null = null;
  /** Set when it is killed for not answering: how long it was silent. */
  frozenMs: number | null = null;
  handedOver = false;
  wasReady = false;
  failure: ChildFailure | null = null;
  /** What a child that runs commands says of them. */
  hearCommands: (message: FromCommands) => void = () => {};
  /** Resolves when it can start no job yet waits for none of its own: ready, failed or gone. */
  readonly settled: Promise<void>;
  readonly exited: Promise<ProcessEnd>;
  readonly #process: ChildProcess;
  readonly #pipe: Socket;
  readonly #record = new FlightRecord();
  readonly #up: Promise<void>;
  #settle: (() => void) | undefined;
  #comeUp: (() => void) | undefined;

  constructor(role: Role) {
    this.role = role;
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#up = new Promise((resolve) => {
      this.#comeUp = resolve;
    });
    const stdio = ["ignore", "inherit", "inherit", "ipc", "pipe", this.#record.fd] as const;
    this.#process = fork(entry, [role.kind], { stdio: [...stdio], execArgv: execArgvOf(role) });
    this.pid = this.#process.pid ?? 0;
    this.#pipe = this.#process.stdio[4] as Socket;
    this.#pipe.on("data", (bytes: Buffer) => this.#answered(bytes));
    // a child that died takes its end of the pipe with it; its exit says the rest
    this.#pipe.on("error", () => undefined);
    this.#process.on("message", (message: FromChild) => this.#hear(message));
    this.#process.on("error", () => undefined);
    this.exited = new Promise((resolve) => {
      this.#process.once("exit", (code, signal) => resolve(this.#ended(code, signal)));
      if (this.pid === 0) resolve(this.#ended(null, null));
    });
  }

  get name(): string {
    return this.role.name;
  }

  /** Runs that were under way when it died. */
  started(): { id: number; fence: number }[] {
    if (this.role.kind !== "worker") return [];
    const { threads, concurrency } = this.role.worker;
    return this.#record.read(Math.max(1, threads) * concurrency);
  }

  /** Once its record has been read. */
  close(): void {
    this.#record.close();
    this.#pipe.destroy();
  }

  /** Tells it what it is, as soon as it listens. */
  async boot(config: Config, given: BootGiven): Promise<void> {
    await Promise.race([this.#up, this.exited]);
    const { role, processId, quiet } = this;
    this.#send({ type: "boot", role, config, processId, quiet, ...given });
  }

  /** TERM, and when it has to be gone; again with an earlier timetable to hasten it. */
  terminate(times: Timetable): void {
    if (this.state === "gone") return;
    this.#send({ type: "stop", times });
    if (this.state === "stopping") return;
    this.state = "stopping";
    this.#pipe.write(Buffer.of(watchdogBytes.stop));
    this.#process.kill("SIGTERM");
  }

  kill(): void {
    if (this.state !== "gone") this.#process.kill("SIGKILL");
  }

  setQuiet(on: boolean): void {
    this.quiet = on;
    this.#send({ type: "quiet", on });
  }

  /** Of a shared store. Nobody is told what his kind cannot act on. */
  tell(news: News): void {
    const { kind } = this.role;
    const forWhom = { ready: ["worker", "commands"], scheduled: ["dispatcher"], any: [kind] };
    if (forWhom[news].includes(kind)) this.#send({ type: "news", news });
  }

  /** See Service. */
  setLeaseLost(lost: boolean): void {
    const runsJobs = this.role.kind === "worker" || this.role.kind === "commands";
    if (runsJobs) this.#send({ type: "lease", lost });
  }

  /** Only to one that runs commands, and is ready. */
  say(message: ToCommands): void {
    this.#send({ type: "commands", message });
  }

  ping(): void {
    if (this.state !== "gone") this.#pipe.write(Buffer.of(watchdogBytes.ping));
  }

  get beat(): Beat {
    return { id: this.processId, state: this.processState, rssBytes: rssOf(this.pid) };
  }

  /** How its row in the store should read. */
  get processState(): ProcessState {
    if (this.state === "stopping" || this.state === "gone") return "stopping";
    if (this.state === "starting") return "starting";
    if (this.busy) return "busy";
    return this.quiet ? "quiet" : "running";
  }

  #send(message: ToChild): void {
    // a channel that is closing is a child that is going: its exit says the rest
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #hear(message: FromChild): void {
    if (message.type === "up") this.#comeUp?.();
    if (message.type === "commands") this.hearCommands(message.message);
    if (message.type === "stopping" && this.state !== "gone") this.state = "stopping";
    if (message.type === "handed-over") this.handedOver = true;
    if (message.type === "failed") this.failure = message;
    if (message.type === "ready") {
      this.names = message.names;
      this.code = message.code;
      this.wasReady = true;
      if (this.state === "starting") this.state = "ready";
    }
    if (message.type === "ready" || message.type === "failed") this.#settle?.();
  }

  #answered(bytes: Buffer): void {
    this.answeredAt = monotonic();
    this.busy = bytes.at(-1) === watchdogBytes.busy;
  }

  #ended(code: number | null, signal: string | null): ProcessEnd {
    this.state = "gone";
    this.#settle?.();
    if (this.frozenMs !== null) return { how: "frozen", silentMs: this.frozenMs };
    return { how: "exit", code, signal };
  }
}

/** What else a child is told: how to log, which is as its supervisor does, and whom it follows. */
export type BootGiven = Pick<
  Extract<ToChild, { type: "boot" }>,
  "log" | "vacantSince" | "supervisorId"
>;
