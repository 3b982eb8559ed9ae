// The supervisor's shutdown as a clock: when it began, how often it was hastened, and what is due
// when. What is done in each phase stands in supervisor.ts.

import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "../log.ts";
import { jump, type Phase, type Timetable, timetable } from "../process/deadline.ts";
import { monotonic } from "../process/monotonic.ts";
import type { SignalName } from "../process/signals.ts";

/**
 * Two signals closer than this, in milliseconds, are one: npm passes on what Ctrl-C sent already.
 */
const sameSignalMs = 50;
/** So long may hooks hold up the TERM to the children, in milliseconds; they go on beside it. */
const briefMs = 40;
/** So long the last steps may take although the time is over, in milliseconds. */
const lastStepsMs = 50;

export class Shutdown {
  readonly #log: Log;
  readonly #timeoutMs: () => number;
  readonly #alarms = new Set<() => void>();
  #times: Timetable | null = null;
  #signals = 0;
  #signalledAt = 0;

  constructor(log: Log, timeoutMs: () => number) {
    this.#log = log;
    this.#timeoutMs = timeoutMs;
  }

  get begun(): boolean {
    return this.#times !== null;
  }

  get times(): Timetable {
    if (!this.#times) throw new Error("no shutdown has begun");
    return this.#times;
  }

  /** Begins it; a second time it changes nothing. Only signals hasten. */
  begin(): void {
    this.#times ??= timetable(monotonic(), this.#timeoutMs());
  }

  /** The first begins it; the second brings the interrupt forward, the third the kill. */
  signal(name: SignalName): void {
    const now = monotonic();
    if (this.#signals > 0 && now - this.#signalledAt < sameSignalMs) return;
    this.#signalledAt = now;
    this.#signals++;
    this.begin();
    if (this.#signals > 1) this.hasten(name, this.#signals === 2 ? "interrupt" : "kill");
  }

  hasten(cause: SignalName, phase: Phase): void {
    const first = !this.begun;
    this.begin();
    this.#times = jump(this.times, phase, monotonic());
    if (!first) this.#log.report({ type: "runtime-hastened", signal: cause, phase });
    for (const alarm of this.#alarms) alarm();
  }

  /** Calls `act` when the phase begins, however often it is brought forward. */
  at(phase: Phase, act: () => void): { cancel(): void } {
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      clearTimeout(timer);
      timer = setTimeout(act, Math.max(0, this.times[phase] - monotonic()));
    };
    this.#alarms.add(arm);
    arm();
    return {
      cancel: () => {
        clearTimeout(timer);
        this.#alarms.delete(arm);
      },
    };
  }

  /** What the promise resolves to, or false when the phase begins first. */
  async by(phase: Phase, promise: Promise<boolean>): Promise<boolean> {
    let late: { cancel(): void } | undefined;
    const deadline = new Promise<boolean>((resolve) => {
      late = this.at(phase, () => resolve(false));
    });
    try {
      return await Promise.race([promise, deadline]);
    } finally {
      late?.cancel();
    }
  }

  /** For the last steps: until `close`, yet never so short that quick ones cannot be taken. */
  async atLast(steps: Promise<boolean>): Promise<boolean> {
    const ms = Math.max(lastStepsMs, this.times.close - monotonic());
    return await Promise.race([steps, delay(ms, false, { ref: false })]);
  }

  /** Waits for quick hooks only. */
  async briefly(hooks: Promise<void>): Promise<void> {
    await Promise.race([hooks, delay(briefMs)]);
  }
}
