// Loads job modules in a Node process of its own, as a worker does it: Vitest's own loader would
// understand more TypeScript than Node.

import { spawnSync } from "node:child_process";
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./config-file.ts";

export interface Loaded {
  readonly names?: readonly string[];
  readonly problems?: readonly string[];
  readonly exitCode?: number;
}

export interface LoadModulesOptions {
  /** As in a project that did not install it. */
  readonly withoutJiti?: boolean;
  /** On a thread of that process. */
  readonly onThread?: boolean;
}

/** A project that has our packages installed, as links like in a workspace. */
export function project(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder({ "package.json": '{ "type": "module" }', ...files });
  mkdirSync(join(folder, "node_modules/@queue-runtime"), { recursive: true });
  const links = { "@queue-runtime/job": "packages/job", "queue-runtime": "packages/runtime" };
  for (const [name, target] of Object.entries(links)) {
    symlinkSync(realpathSync(target), join(folder, "node_modules", name));
  }
  return folder;
}

const script = `
  import { registerHooks } from "node:module";
  import { Worker, workerData } from "node:worker_threads";
  const given = workerData ?? JSON.parse(process.argv[1]);
  if (given.withoutJiti) registerHooks({
    resolve(name, context, next) {
      if (name === "jiti") throw new Error("not installed");
      return next(name, context);
    },
  });
  if (given.onThread) {
    new Worker(given.script, { eval: true, workerData: { ...given, onThread: false } });
  } else {
    const { loadDefinitions } = await import(given.modules);
    const answer = await loadDefinitions(given.paths, { timeoutMs: 2_000 }).then(
      (definitions) => ({ names: [...definitions.keys()] }),
      (error) => ({ problems: error.message.split("\\n"), exitCode: error.exitCode }),
    );
    console.log(JSON.stringify(answer));
  }
`;

export function loadModules(
  folder: string,
  names: readonly string[],
  options: LoadModulesOptions = {},
): Loaded {
  const modules = new URL("../../../packages/runtime/src/modules.ts", import.meta.url).href;
  const paths = names.map((name) => join(folder, name));
  return runNode(folder, script, { modules, paths, script, ...options }) as Loaded;
}

/** Runs a script with its argument as JSON; answers the JSON that it prints last. */
export function runNode(folder: string, source: string, argument: unknown): unknown {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...["--conditions=source", "--no-warnings", "--input-type=module"],
      ...["--eval", source, JSON.stringify(argument)],
    ],
    { cwd: folder, encoding: "utf8", timeout: 15_000 },
  );
  const last = stdout.trimEnd().split("\n").at(-1);
  if (!last) throw new Error(`nothing was printed: ${stderr}`);
  return JSON.parse(last);
}
