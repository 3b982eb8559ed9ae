// A thread's end of its port: sends what runs have to say, and pairs answers with questions.

import { inspect } from "node:util";
import type { MessagePort } from "node:worker_threads";
import type { Logger, Outcome, Position, Run, RunJob } from "@queue-runtime/job";
import type { Enqueued, JobError, NewJob } from "@queue-runtime/store";
import { jobLogger } from "../../log/job-logger.ts";
import type { LineLevel } from "../../log/lines.ts";
import { monotonic } from "../../process/monotonic.ts";
import type { RunLink } from "../run/slot-run.ts";
import type { StopFlags } from "../run/stop-flags.ts";
import type { Answer, FromThread, ToThread } from "./thread-messages.ts";

/** How often a run's position crosses to the main thread, in milliseconds; the newest counts. */
const noteIntervalMs = 10;

interface Noted {
  sentAt: number;
  pending: Position | null;
  timer: NodeJS.Timeout | undefined;
}

interface Question {
  resolve(value: Answer): void;
  reject(error: Error): void;
}

export class ThreadLink implements RunLink {
  readonly flags: StopFlags;
  readonly interruptionAdapters: readonly string[];
  readonly #port: MessagePort;
  readonly #notes = new Map<number, Noted>();
  readonly #questions = new Map<number, Question>();
  #calls = 0;

  constructor(port: MessagePort, flags: StopFlags, interruptionAdapters: readonly string[]) {
    this.#port = port;
    this.flags = flags;
    this.interruptionAdapters = interruptionAdapters;
  }

  logger(job: RunJob): Logger {
    return jobLogger((level, fields, message) => this.#log(level, fields, message), job);
  }

  post(message: FromThread): void {
    this.#port.postMessage(message);
  }

  /** Never later than an interval after the item, as long as the run lets timers fire. */
  note(slot: number, position: Position): void {
    let noted = this.#notes.get(slot);
    if (!noted) {
      noted = { sentAt: Number.NEGATIVE_INFINITY, pending: null, timer: undefined };
      this.#notes.set(slot, noted);
    }
    noted.pending = { ...noted.pending, ...position };
    const wait = noted.sentAt + noteIntervalMs - monotonic();
    if (wait <= 0) this.#send(slot, noted);
    else noted.timer ??= setTimeout(() => this.#send(slot, noted), wait);
  }

  save(slot: number, position: Position): Promise<void> {
    return this.#ask((call) => ({ type: "save", slot, call, position })).then(() => undefined);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
    const answers = await this.#ask((call) => ({ type: "enqueue", call, jobs }));
    return answers as readonly Enqueued[];
  }

  async take(...slot: Parameters<Run["take"]>): Promise<number> {
    return (await this.#ask((call) => ({ type: "take", call, slot }))) as number;
  }

  ended(slot: number, outcome: Outcome): void {
    const noted = this.#notes.get(slot);
    if (noted) {
      this.#send(slot, noted);
      this.#notes.delete(slot);
    }
    this.post({ type: "ended", slot, outcome });
  }

  answered(message: Exclude<ToThread, { type: "run" }>): void {
    const question = this.#questions.get(message.call);
    this.#questions.delete(message.call);
    if (message.type === "answer") question?.resolve(message.value);
    else question?.reject(revive(message.error));
  }

  /** Fields of job code may hold what no port can carry. */
  #log(level: LineLevel, fields: object, message: string): void {
    try {
      this.post({ type: "log", level, fields, message });
    } catch {
      this.post({ type: "log", level, fields: { fields: inspect(fields) }, message });
    }
  }

  #ask(message: (call: number) => FromThread): Promise<Answer> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#questions.set(call, { resolve, reject });
      this.post(message(call));
    });
  }

  #send(slot: number, noted: Noted): void {
    clearTimeout(noted.timer);
    noted.timer = undefined;
    if (!noted.pending) return;
    this.post({ type: "noted", slot, position: noted.pending });
    noted.pending = null;
    noted.sentAt = monotonic();
  }
}

/** An error that crossed as data, as an error again. */
export function revive(data: JobError): Error {
  const error = new Error(data.message);
  error.name = data.name;
  if (data.stack) error.stack = data.stack;
  return data.code === null ? error : Object.assign(error, { code: data.code });
}
