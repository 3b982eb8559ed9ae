// Lines of a shell, timed by a shell: to start a process costs bash little, and this process a
// few milliseconds, which would be counted against whoever is measured.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { NotHere } from "./measurement.ts";

/** By the clock of the day, in milliseconds: that of `$EPOCHREALTIME`. */
export interface Taken {
  readonly from: number;
  readonly to: number;
}

export interface Place {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** When the line began and ended, each time; its output is thrown away. */
export async function timesOf(
  line: string,
  { count, pauseSeconds = 0, ...place }: Place & Repeats,
): Promise<readonly Taken[]> {
  const pause = pauseSeconds > 0 ? `sleep ${pauseSeconds};` : "";
  const script = `for ((i = 0; i < ${count}; i++)); do
      from=$EPOCHREALTIME; ${line} </dev/null >/dev/null 2>&1 || exit 9; to=$EPOCHREALTIME
      echo "$from $to"; ${pause}
    done`;
  const lines = (await bash(script, place)).trim().split("\n");
  return lines.map((each) => {
    const [from, to] = each.split(" ").map(milliseconds);
    return { from: from!, to: to! };
  });
}

interface Repeats {
  readonly count: number;
  /** After each, in seconds. */
  readonly pauseSeconds?: number;
}

export const tookMs = ({ from, to }: Taken): number => to - from;

/** A line for bash that writes down when it runs, as its very first action. */
export const stampInto = (file: string): string => `echo $EPOCHREALTIME >>${quoted(file)}`;

/** One word for a shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What `stampInto` wrote. */
export const stampsIn = (text: string): readonly number[] =>
  text.trim().split("\n").map(milliseconds);

/** What it wrote to stdout. */
export async function bash(script: string, { cwd, env = process.env }: Place): Promise<string> {
  const inC = { ...env, LC_ALL: "C" };
  try {
    const options = { cwd, env: inC, maxBuffer: 1e9 };
    return (await promisify(execFile)("bash", ["-c", script], options)).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new NotHere("bash is missing");
    throw error;
  }
}

/** Seconds with six digits after the point. */
const milliseconds = (text: string): number => Number(text) * 1_000;
