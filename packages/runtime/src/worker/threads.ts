// Jobs on threads, so that a job that blocks cannot stop heartbeats, cancellation or TERM. The only
// user of tinypool, which starts threads, catches their errors and ends them.
//
// One pool of one thread each, and one task for its whole life, which then talks over a port of its
// own. Rejected: a task per job. Tinypool measures memory after each task, and a thread whose job
// calls process.exit leaves its tasks pending for ever; with our own port and the thread's exit
// event both go away, and a batch of short jobs costs one wake-up.

import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { type RunJob, toJobError } from "@queue-runtime/job";
import type { JobError } from "@queue-runtime/store";
import { Tinypool } from "tinypool";
import type { Stripped } from "../modules/strip-once.ts";
import { StopFlags } from "./run/stop-flags.ts";
import type { Runner, RunnerListener, RunnerOptions } from "./runner.ts";
import type {
  Answer,
  Culprit,
  FromThread,
  ThreadSession,
  ToThread,
} from "./threads/thread-messages.ts";

const entry = fileURLToPath(
  new URL(`../entry/thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

export class Threads implements Runner {
  readonly slots: number;
  readonly flags: StopFlags;
  readonly ready: Promise<void>;
  readonly #options: RunnerOptions;
  readonly #stripped: Stripped;
  readonly #listener: RunnerListener;
  readonly #threads: Thread[];
  #closing = false;

  constructor(options: RunnerOptions, stripped: Stripped, listener: RunnerListener) {
    this.slots = options.threads * options.concurrency;
    this.flags = new StopFlags(this.slots);
    this.#options = options;
    this.#stripped = stripped;
    this.#listener = listener;
    this.#threads = Array.from({ length: options.threads }, (_, index) => this.#startThread(index));
    this.ready = Promise.all(this.#threads.map((thread) => thread.ready)).then(() => undefined);
  }

  start(slot: number, job: RunJob): void {
    this.flags.clear(slot);
    this.#threadOf(slot).start(slot, job);
  }

  terminate(slot: number): boolean {
    const thread = this.#threadOf(slot);
    const others = thread.running.filter((other) => other !== slot);
    this.#replace(thread);
    for (const other of others) this.#listener.swept(other, false);
    return true;
  }

  async close(ms: number): Promise<void> {
    this.#closing = true;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([late, Promise.all(this.#threads.map((thread) => thread.leave()))]);
    clearTimeout(timer);
  }

  #threadOf(slot: number): Thread {
    return this.#threads[Math.floor(slot / this.#options.concurrency)]!;
  }

  #startThread(index: number): Thread {
    const session = { ...this.#options, flags: this.flags.buffer, stripped: this.#stripped };
    const thread: Thread = new Thread(index, session, {
      listener: this.#listener,
      lost: (code, error) => this.#lost(thread, code, error),
    });
    return thread;
  }

  /** A thread ended by itself: its last words say which run did it. */
  #lost(thread: Thread, code: number, error: unknown): void {
    if (this.#closing || this.#threads[thread.index] !== thread) return;
    // its replacement would end the same way: the whole worker goes, and comes back with back-off
    if (!thread.isReady) return;
    const running = thread.running;
    const { slot: culprit, error: reason } = thread.lastWords ?? {
      slot: null,
      error: toJobError(error ?? new Error(`the thread ended with exit code ${code}`)),
    };
    this.#listener.threadLost(thread.index, `${reason.name}: ${reason.message}`);
    this.#replace(thread);
    const blamed = culprit ?? (running.length === 1 ? running[0] : null);
    for (const slot of running) {
      if (slot === blamed) this.#listener.crashed(slot, reason);
      else this.#listener.swept(slot, blamed === null);
    }
  }

  #replace(thread: Thread): void {
    const next = this.#startThread(thread.index);
    this.#threads[thread.index] = next;
    next.ready.catch((error: unknown) => this.#listener.threadsUnusable(error));
    void thread.end();
  }
}

/** The worker's handle on one thread. */
class Thread {
  readonly index: number;
  readonly ready: Promise<void>;
  readonly #pool: Tinypool;
  readonly #served: Promise<void>;
  readonly #port: MessagePort;
  readonly #listener: RunnerListener;
  readonly #running = new Set<number>();
  #settleReady: { resolve(): void; reject(error: Error): void } | undefined;
  #closed = false;
  isReady = false;
  lastWords: { slot: Culprit; error: JobError } | undefined;

  constructor(
    index: number,
    session: Omit<ThreadSession, "port">,
    owner: { listener: RunnerListener; lost(code: number, error: unknown): void },
  ) {
    this.index = index;
    this.#listener = owner.listener;
    const channel = new MessageChannel();
    this.#port = channel.port1;
    this.#port.on("message", (message: FromThread) => this.#hear(message));
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject };
    });
    // whoever waits hears of it; nobody waits once the worker is closing
    this.ready.catch(() => undefined);
    this.#pool = new Tinypool({
      filename: entry,
      minThreads: 1,
      maxThreads: 1,
      useAtomics: false,
      // what a thread has by default, unless its process was told to be lean (see Child)
      resourceLimits: { maxYoungGenerationSizeMb: 48 },
    });
    let error: unknown;
    const note = (reason: unknown) => {
      error ??= reason;
    };
    this.#served = this.#pool
      .run({ ...session, port: channel.port2 }, { name: "serve", transferList: [channel.port2] })
      .catch(note);
    this.#pool.on("error", note);
    // the pool passes an error on too late: the exit event follows in the same breath
    this.#pool.threads[0]?.on("error", note);
    this.#pool.threads[0]?.on("exit", (code: number) => {
      this.#drain();
      this.#settleReady?.reject(new Error(`a thread ended with exit code ${code} while it loaded`));
      if (!this.#closed) owner.lost(code, error);
    });
  }

  get running(): number[] {
    return [...this.#running];
  }

  start(slot: number, job: RunJob): void {
    this.#running.add(slot);
    this.#post({ type: "run", slot, job });
  }

  /** Whatever it is doing. */
  async end(): Promise<void> {
    this.#closed = true;
    this.#port.close();
    await this.#pool.destroy();
  }

  /** Resolves when nothing is left of what it printed. */
  async leave(): Promise<void> {
    this.#closed = true;
    this.#port.close();
    await this.#served;
  }

  #post(message: ToThread): void {
    this.#port.postMessage(message);
  }

  /** Messages that were sent before the thread ended may arrive after its exit event. */
  #drain(): void {
    for (
      let entry = receiveMessageOnPort(this.#port);
      entry;
      entry = receiveMessageOnPort(this.#port)
    ) {
      this.#hear(entry.message as FromThread);
    }
  }

  #hear(message: FromThread): void {
    if (this.#closed) return;
    switch (message.type) {
      case "ready":
        this.isReady = true;
        return this.#settleReady?.resolve();
      case "failed":
        return this.#settleReady?.reject(new Error(message.message));
      case "ended":
        this.#running.delete(message.slot);
        return this.#listener.ended(message.slot, message.outcome);
      case "noted":
        return this.#listener.noted(message.slot, message.position);
      case "log":
        return this.#listener.logged(message.level, message.fields, message.message);
      case "dying":
        this.lastWords ??= message;
        return;
      case "save":
        return this.#answer(
          message.call,
          this.#listener.save(message.slot, message.position).then(() => null),
        );
      case "enqueue":
        return this.#answer(message.call, this.#listener.enqueue(message.jobs));
      case "take":
        return this.#answer(message.call, this.#listener.take(...message.slot));
      default:
        return impossible(message);
    }
  }

  #answer(call: number, work: Promise<Answer>): void {
    work.then(
      (value) => this.#post({ type: "answer", call, value }),
      (error: unknown) => this.#post({ type: "refusal", call, error: toJobError(error) }),
    );
  }
}

function impossible(message: never): never {
  throw new Error(`a thread said ${JSON.stringify(message)}`);
}
