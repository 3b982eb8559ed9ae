// A project whose runtime does nothing but run commands, and the built command line to steer it.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openStore, type Store } from "@queue-runtime/store";
import type { CommandRow, GroupRow } from "../../packages/runtime/src/control/desk.ts";
import { commandRow, groupRow } from "../../packages/runtime/src/control/rows/command-row.ts";
import { CliProject, type Ran } from "./cli-project.ts";
import { within } from "./pace.ts";
import { waitFor } from "./wait-for.ts";

interface Status {
  readonly running: boolean;
  readonly groups: readonly GroupRow[];
  readonly commands: readonly CommandRow[];
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when it has printed this, on stdout or stderr. */
  readonly printed: (wanted: string) => Promise<void>;
  readonly ended: Promise<Ran>;
}

export class CommandProject extends CliProject implements AsyncDisposable {
  #runtime: ChildProcess | null = null;
  #store: Promise<Store> | undefined;

  constructor(more = "") {
    super();
    const file = join(this.folder, "config/queue.yml");
    const written = readFileSync(file, "utf8").replace(/^workers:[\s\S]*/m, "");
    writeFileSync(file, `${written}workers: []\n${more}\n`);
  }

  /** Resolves when it listens. */
  async startRuntime(): Promise<ChildProcess> {
    const runtime = this.start("start");
    this.#runtime = runtime;
    let log = "";
    runtime.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
    });
    runtime.stdout?.resume();
    await waitFor(() => log.includes("runtime-ready"), {
      deadlineMs: within(20_000),
      what: "a runtime",
    });
    return runtime;
  }

  async stopRuntime(): Promise<void> {
    const runtime = this.#runtime;
    this.#runtime = null;
    if (runtime === null || runtime.exitCode !== null || runtime.signalCode !== null) return;
    const exited = once(runtime, "exit");
    runtime.kill("SIGTERM");
    await exited;
  }

  /** Answers the id. */
  async add(...argv: string[]): Promise<number> {
    const { code, stdout, stderr } = await this.run("add", ...argv);
    if (code !== 0) throw new Error(`add ${argv.join(" ")} exited with ${code}: ${stderr}`);
    return Number(stdout);
  }

  /** What the next status says. */
  async status(...query: string[]): Promise<Status> {
    return await this.json<Status>("status", ...query);
  }

  /** What the next status would say of it, without the time that a process takes to start. */
  async command(id: number): Promise<CommandRow> {
    const job = await (await this.#opened()).commands.find(id);
    if (job === null) throw new Error(`the store does not know command ${id}`);
    return commandRow(job, Date.now());
  }

  /** The same of a group. */
  async group(name: string): Promise<GroupRow | undefined> {
    const groups = await (await this.#opened()).commands.groups();
    return groups.map(groupRow).find((group) => group.name === name);
  }

  #opened(): Promise<Store> {
    this.#store ??= openStore(this.url);
    return this.#store;
  }

  /** Runs it beside the test. */
  begin(...argv: string[]): Running {
    const child = this.start(...argv);
    child.stdin?.end();
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        said += chunk;
      });
    }
    const printed = async (wanted: string): Promise<void> => {
      const what = `"${wanted}" from ${argv.join(" ")}`;
      await waitFor(() => said.includes(wanted), { deadlineMs: within(20_000), what });
    };
    const ended = Promise.all([text(child.stdout!), text(child.stderr!), once(child, "close")]);
    return {
      child,
      printed,
      ended: ended.then(([stdout, stderr, [code]]) => ({
        code: code as number | null,
        stdout,
        stderr,
      })),
    };
  }

  /** A program that is somebody's editor: a shell script that gets the file as `$1`. */
  editor(script: string): string {
    const file = join(this.folder, `editor-${script.length}-${Buffer.from(script).at(-1)}.sh`);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopRuntime();
    await (await this.#store)?.close();
    this[Symbol.dispose]();
  }
}
