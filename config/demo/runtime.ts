// Starts the real runtime and reads its log: JSON lines, shown as short ones.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { styleText } from "node:util";

const cli = join(import.meta.dirname, "../../packages/runtime/bin/runtime.js");
const config = join(import.meta.dirname, "../queue.yml");

/** A log line, as far as the demo needs it. */
export interface LogLine {
  readonly process: string;
  readonly pid: number;
  readonly event?: string;
  readonly msg: string;
  readonly level: number;
}

export class Runtime {
  readonly #process: ChildProcess;
  readonly exited: Promise<number | null>;

  constructor(args: readonly string[] = []) {
    this.#process = spawn(process.execPath, [cli, "start", "--json", "-c", config, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.exited = new Promise((resolve) => this.#process.once("close", (code) => resolve(code)));
    const lines = createInterface({ input: this.#process.stdout! });
    lines.on("line", (line) => show(JSON.parse(line) as LogLine));
  }

  get pid(): number {
    return this.#process.pid!;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }
}

/** What a person wants to see: not each of forty receipts. */
function show({ process: name, event, msg, level }: LogLine): void {
  if (event === "job-finished" && msg.startsWith("receipt.send")) return;
  const colour = level >= 40 ? "yellow" : "gray";
  process.stdout.write(`  ${styleText("cyan", name.padEnd(18))} ${styleText(colour, msg)}\n`);
}

export function say(text: string): void {
  process.stdout.write(`\n${styleText("bold", text)}\n`);
}
