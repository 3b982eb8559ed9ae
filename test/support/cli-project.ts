// A project in a temporary folder, and the built command line run in it as a user would.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { execute } from "./postgres/databases.ts";
import { newProjectStore, storeKind } from "./project-store.ts";

export const runtimeBin: string = fileURLToPath(
  new URL("../../packages/runtime/bin/runtime.js", import.meta.url),
);
const author = new URL("../../packages/runtime/dist/index.js", import.meta.url).href;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A job that checks its input, one that waits until it is told to stop, and a noisy module. */
const jobFile = `
import { defineJob } from ${JSON.stringify(author)};
console.log("this module talks while it loads");
process.stdout.write("and not only by the console\\n");
setInterval(() => {}, 1_000);
const isMail = (value) => typeof value?.to === "string";
const issues = [{ message: "to must be a text", path: ["to"] }];
const validate = (value) => (isMail(value) ? { value } : { issues });
const input = { "~standard": { version: 1, vendor: "test", validate } };
const perform = () => "sent";
export const chatty = defineJob({ name: "chatty", async perform(_, context) {
  while (!context.stopping) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let line = 0; line < 1_000; line++) process.stdout.write("line " + line + "\\n");
  // the main thread hears that the job has ended before it can ask for the second line
  setImmediate(() => { for (const end = Date.now() + 50; Date.now() < end; ); });
} });
export const mail = defineJob({ name: "mail", queue: "letters", priority: 3, input, perform });
export const sleepy = defineJob({ name: "sleepy", async perform(_, context) {
  while (!context.stopping) await new Promise((resolve) => setTimeout(resolve, 10));
} });
`;

const queueFile = (store: string): string => `
store: ${store}
jobs: ./jobs
shutdown_timeout: 5s
workers:
  - threads: 1
`;

export class CliProject implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "cli-"));
  /** Of the store, for those who open it themselves. */
  readonly url: string;
  readonly #started: ChildProcess[] = [];

  constructor() {
    mkdirSync(join(this.folder, "config/jobs"), { recursive: true });
    writeFileSync(join(this.folder, "config/jobs/jobs.mjs"), jobFile);
    const store = newProjectStore("./data/queue.sqlite");
    writeFileSync(join(this.folder, "config/queue.yml"), queueFile(store));
    this.url = storeKind === "sqlite" ? `sqlite:${this.store}` : store;
  }

  /** The database file, on SQLite. */
  get store(): string {
    return join(this.folder, "config/data/queue.sqlite");
  }

  /** Whether anything was created where the store will be. */
  async storeExists(): Promise<boolean> {
    if (storeKind === "sqlite") return existsSync(this.store);
    const schemas = `select from pg_namespace where nspname = 'queue_runtime'`;
    return (await execute(this.url, schemas)).length > 0;
  }

  start(...argv: string[]): ChildProcess {
    const { FORCE_COLOR: _, ...env } = process.env;
    const child = spawn(process.execPath, [runtimeBin, ...argv], { cwd: this.folder, env });
    this.#started.push(child);
    return child;
  }

  async run(...argv: string[]): Promise<Ran> {
    return await this.runWith("", ...argv);
  }

  async runWith(stdin: string | Buffer, ...argv: string[]): Promise<Ran> {
    const child = this.start(...argv);
    // one that ends before it has read all of it
    child.stdin?.on("error", () => undefined).end(stdin);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, "close"),
    ]);
    return { code: code as number | null, stdout, stderr };
  }

  /** Runs a command that must succeed, and answers its JSON. */
  async json<Answer>(...argv: string[]): Promise<Answer> {
    const { code, stdout, stderr } = await this.run(...argv, "--json");
    if (code !== 0) throw new Error(`runtime ${argv.join(" ")} exited with ${code}: ${stderr}`);
    return JSON.parse(stdout) as Answer;
  }

  [Symbol.dispose](): void {
    for (const child of this.#started) if (child.exitCode === null) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
