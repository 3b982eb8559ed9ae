// Whether the out-of-memory killer was at work: its victims look as if anybody had killed them. The
// system counts what it ended, and the count is looked at often enough that a kill and a rise of it
// belong together.

import { readFileSync } from "node:fs";

/** Of our own control group, which the commands share; or else of the whole system. */
export function oomFile(): string {
  const group = /^0::(\/.*)$/m.exec(read("/proc/self/cgroup"))?.[1] ?? "";
  const events = `/sys/fs/cgroup${group.trim()}/memory.events`;
  return countIn(events) === null ? "/proc/vmstat" : events;
}

export class OomWatch {
  readonly #file: string;
  #seen: number;

  constructor(file: string = oomFile()) {
    this.#file = file;
    this.#seen = countIn(file) ?? 0;
  }

  /** What it ended so far was none of those that run now. */
  look(): void {
    this.#seen = countIn(this.#file) ?? 0;
  }

  /** It ended something since the last look. */
  get wasAtWork(): boolean {
    return (countIn(this.#file) ?? 0) > this.#seen;
  }
}

function countIn(file: string): number | null {
  const digits = /^oom_kill (\d+)$/m.exec(read(file))?.[1];
  return digits === undefined ? null : Number(digits);
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
