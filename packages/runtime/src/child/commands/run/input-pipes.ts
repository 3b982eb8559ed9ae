// Pipes for the input of commands. What Node calls a pipe is a socket: `< /dev/stdin` fails with
// one, and bash takes it for a remote shell and reads ~/.bashrc. It has no call for a real one, so
// names are made in advance, many at a time, by `mkfifo`. Each is opened once, at both ends, and
// has no name any more when its command begins.
//
// Rejected: a file (it has no end to wait for), a shell that makes a pipe per command (a second
// process each time), `mkfifo` per command (the same).

import { spawn } from "node:child_process";
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../../log.ts";
import { identify, isAlive } from "../../../process/identity.ts";
import { monotonic } from "../../../process/monotonic.ts";

/** Names made at a time; the next ones are made when fewer are left. */
const batch = 64;
/** When they cannot be made, it is tried again after so many milliseconds. */
const againMs = 60_000;

/** The folder of a process: `queue-runtime-input-<pid>-<start time>-<some letters>`. */
const prefix = "queue-runtime-input-";
const folderOf = /^queue-runtime-input-(\d+)-(\d+)-/;

/** Two file descriptors: what is read blocks, what is written does not. */
export interface InputPipe {
  readonly read: number;
  readonly write: number;
}

export interface InputPipesOptions {
  readonly log: Log;
  /** Where the names are made, if the folder for temporary files takes none. */
  readonly otherwise: () => string;
  /** The program that makes them. */
  readonly program?: string;
}

export class InputPipes {
  readonly #options: InputPipesOptions;
  #names: string[] = [];
  #folder: string | null = null;
  #making: Promise<void> | null = null;
  #batches = 0;
  #closed = false;
  #said = false;
  /** None are made before, by the monotonic clock. */
  #notBefore = 0;

  constructor(options: InputPipesOptions) {
    this.#options = options;
  }

  /** Nobody waits for the first ones: they are there when the first command comes. */
  start(): void {
    this.#stock();
    void sweep(tmpdir());
  }

  /** Resolves when some may be there; null: some are, or cannot be made. */
  wait(): Promise<void> | null {
    const next = this.#names.at(-1);
    // somebody tidies up the folder for temporary files
    if (next !== undefined && !existsSync(next)) this.#forget();
    this.#stock();
    return this.#names.length === 0 ? this.#making : null;
  }

  /** null where there are none: then a command gets a socket. @throws Error of fs */
  take(): InputPipe | null {
    const name = this.#names.pop();
    return name === undefined ? null : openBoth(name);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#making;
    this.#forget();
  }

  #stock(): void {
    if (this.#closed || this.#making || this.#names.length >= batch) return;
    if (monotonic() < this.#notBefore) return;
    this.#making = this.#make().finally(() => {
      this.#making = null;
    });
  }

  /** Never rejects. */
  async #make(): Promise<void> {
    let trouble = "";
    for (const folder of [this.#folder, tmpdir(), this.#options.otherwise()]) {
      if (folder === null || this.#closed) continue;
      this.#folder ??= makeFolder(folder);
      const why = this.#folder ? await this.#fill(this.#folder) : `${folder} cannot be written`;
      if (why === "") return;
      trouble ||= why;
      this.#forget();
    }
    if (this.#closed) return;
    this.#notBefore = monotonic() + againMs;
    if (!this.#said) this.#options.log.report({ type: "command-input-trouble", message: trouble });
    this.#said = true;
  }

  /** Answers what went wrong. */
  async #fill(folder: string): Promise<string> {
    this.#batches++;
    const names = Array.from({ length: batch }, (_, index) => `${this.#batches}.${index}`);
    const trouble = await mkfifo(this.#options.program ?? "mkfifo", folder, names);
    if (this.#folder !== folder) {
      remove(folder);
      return "somebody removed them";
    }
    if (trouble === "") this.#names.push(...names.map((name) => join(folder, name)));
    return trouble;
  }

  #forget(): void {
    this.#names = [];
    if (this.#folder) remove(this.#folder);
    this.#folder = null;
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // names are being made in it: it goes when they are
  }
}

/**
 * Opening one end waits for the other, so the first one is both, and closed again. What the command
 * gets must block, what we write to must not: they are opened each on their own.
 */
function openBoth(name: string): InputPipe {
  const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  const open: number[] = [];
  try {
    for (const flags of [O_RDWR, O_RDONLY, O_WRONLY | O_NONBLOCK]) {
      open.push(openSync(name, flags));
    }
    const [both, read, write] = open.splice(0);
    closeSync(both!);
    return { read: read!, write: write! };
  } finally {
    for (const fd of open) closeSync(fd);
    rmSync(name, { force: true });
  }
}

function makeFolder(parent: string): string | null {
  const { startTicks } = identify(process.pid);
  try {
    // nobody else may look into it
    return mkdtempSync(join(parent, `${prefix}${process.pid}-${startTicks}-`));
  } catch {
    return null;
  }
}

function mkfifo(program: string, folder: string, names: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { cwd: folder, stdio: "ignore" } as const;
    const child = spawn(program, ["-m", "600", ...names], options);
    child.once("error", ({ message }) => resolve(message));
    child.once("exit", (code) => resolve(code === 0 ? "" : `mkfifo failed in ${folder}`));
  });
}

/** What processes left behind that had no time to tidy up. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const [, pid, startTicks] = folderOf.exec(name) ?? [];
    const owner = { pid: Number(pid), startTicks: Number(startTicks), bootId: "", host: "" };
    if (pid === undefined || isAlive(owner)) continue;
    // of another user, perhaps, who will do it themselves
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
