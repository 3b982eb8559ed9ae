// Starts the process of a run: in a group and session of its own, with the folder and environment
// of whoever added it, and nothing of ours but six variables.
//
// The system says ENOENT for a missing folder, a missing shell and a missing program alike, so what
// went wrong is looked for afterwards, when it did: a start that works pays for no look.

import { type ChildProcess, spawn } from "node:child_process";
import { statSync } from "node:fs";
import { identify } from "../../../process/identity.ts";
import type { Run } from "../run.ts";
import type { Output } from "./output.ts";

export type Spawned =
  | { readonly child: ChildProcess }
  /** Not now: too many processes or open files. */
  | { readonly later: string }
  /** As a shell would say it, when a program cannot be run without one. */
  | { readonly exitCode: 126 | 127; readonly sentence: string }
  | { readonly failure: string };

export interface SpawnOptions {
  readonly shell: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly output: Output;
  /** The reading end of a pipe; null: a socket is made. */
  readonly input: number | null;
}

export function spawnRun(run: Run, options: SpawnOptions): Promise<Spawned> | Spawned {
  const { argv, line, directory } = run.command;
  const [program, ...words] = argv ?? [...options.shell, line];
  const { stdout, stderr } = options.output;
  const { input } = options;
  try {
    const child = spawn(program!, words, {
      cwd: directory,
      env: { ...options.environment, ...ownVariables(run) },
      detached: true,
      stdio: [input ?? "pipe", stdout, stderr],
    });
    // it is known at once when it worked, and why not a moment later
    if (child.pid === undefined) return whyNot(run, options, child);
    run.process = identify(child.pid);
    return { child };
  } catch (error) {
    return explain(run, options, error as NodeJS.ErrnoException);
  }
}

function ownVariables({ job, numbers }: Run): Readonly<Record<string, string>> {
  return {
    RUNTIME_JOB_ID: String(job.id),
    RUNTIME_GROUP: job.queue,
    RUNTIME_SLOT: String(numbers[0] ?? 0),
    RUNTIME_SLOTS: numbers.join(","),
    RUNTIME_ATTEMPT: String(job.attempts),
    RUNTIME_FENCE: String(job.fence),
  };
}

function whyNot(run: Run, options: SpawnOptions, child: ChildProcess): Promise<Spawned> {
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => resolve(explain(run, options, error)));
  });
}

const scarce = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"]);

/** What a failed start comes to. */
export function explain(
  { command }: Run,
  { shell }: Pick<SpawnOptions, "shell">,
  error: NodeJS.ErrnoException,
): Spawned {
  const { code } = error;
  if (code !== undefined && scarce.has(code)) return { later: error.message };
  const folder = troubleWith(command.directory);
  if (folder !== null) return { failure: folder };
  const program = command.argv?.[0] ?? shell[0];
  if (code === "E2BIG") {
    return { failure: "the line and the environment are longer than the system takes" };
  }
  if (command.argv === null) {
    return { failure: `the shell ${program} cannot be started (${code}); see commands.shell` };
  }
  if (code === "ENOENT") return { exitCode: 127, sentence: `${program}: not found` };
  if (code === "EACCES" || code === "ENOEXEC") {
    return { exitCode: 126, sentence: `${program}: cannot be executed (${code})` };
  }
  return { failure: `${program} cannot be started: ${error.message}` };
}

function troubleWith(directory: string): string | null {
  try {
    if (statSync(directory).isDirectory()) return null;
    return `${directory} is not a folder`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return `the folder ${directory} does not exist`;
    return `the folder ${directory} cannot be used (${code})`;
  }
}
