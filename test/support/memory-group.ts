// A control group (version 2) with little memory, where the machine lets us make one.

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "./wait-for.ts";

const root = "/sys/fs/cgroup";

export class MemoryGroup implements AsyncDisposable {
  readonly #path: string = join(root, `queue-runtime-test-${process.pid}`);

  constructor(bytes: number) {
    mkdirSync(this.#path);
    writeFileSync(join(this.#path, "memory.max"), String(bytes));
    writeFileSync(join(this.#path, "memory.swap.max"), "0");
    // one process at a time, as the kernel does unless it is told otherwise
    writeFileSync(join(this.#path, "memory.oom.group"), "0");
  }

  /** Why there is none on this machine; null: it can be made. */
  static missing(): string | null {
    try {
      const controllers = readFileSync(join(root, "cgroup.subtree_control"), "utf8");
      if (!controllers.split(/\s/).includes("memory")) return "its groups do not count memory";
      const probe = join(root, `queue-runtime-probe-${process.pid}`);
      mkdirSync(probe);
      rmdirSync(probe);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** Runs what follows it inside the group. */
  get wrapper(): readonly string[] {
    return ["sh", "-c", `echo $$ > ${this.#path}/cgroup.procs && exec "$0" "$@"`];
  }

  /** How many the kernel has ended in it. */
  get victims(): number {
    const text = readFileSync(join(this.#path, "memory.events"), "utf8");
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isEmpty = () => readFileSync(join(this.#path, "cgroup.procs"), "utf8") === "";
    await waitFor(isEmpty, { what: "an empty control group" });
    rmdirSync(this.#path);
  }
}
