// Moments that jobs write down in a file, because a job that spins or dies has no other way to
// tell.

import { existsSync, readFileSync } from "node:fs";
import type { RuntimeProcess } from "../../support/runtime-process.ts";

export interface Mark {
  readonly word: string;
  readonly id: number;
  readonly pid: number;
  /** Milliseconds of the monotonic clock that all processes of the machine share. */
  readonly at: number;
}

export function readMarks(file: string, word: string): Mark[] {
  if (!existsSync(file)) return [];
  const whole = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return whole
    .map((line) => line.split(" "))
    .filter(([first]) => first === word)
    .map(([first, id, pid, at]) => ({
      word: first!,
      id: Number(id),
      pid: Number(pid),
      at: Number(at),
    }));
}

/** Waits until the word stands there so many times; answers all of them. */
export async function untilMarked(
  runtime: RuntimeProcess,
  file: string,
  wanted: { readonly word: string; readonly times: number },
): Promise<readonly Mark[]> {
  const { word, times } = wanted;
  const found = (): Mark[] | false => {
    const marks = readMarks(file, word);
    return marks.length >= times && marks;
  };
  return runtime.until(found, { deadlineMs: 20_000, what: `${times} x "${word}" in ${file}` });
}
