// `runtime init`: writes a configuration and a first job into a project. It overwrites nothing.

import { cp, lstat, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { displayPath } from "../../config/problems.ts";

/**
 * In the folder `templates` of the package. The modules end in .mts, so that they are ES modules
 * whatever the project's package.json says: `npm init` writes "commonjs".
 */
const templates = ["config/queue.yml", "config/jobs/hello.mts", "config/hooks.mts"] as const;

export interface InitResult {
  /** As a person would type them from the working directory. */
  readonly written: readonly string[];
  /** One line each: what to type next. */
  readonly next: readonly string[];
}

/** Files that `init` would write are there already; nothing was written. */
class InitError extends Error {
  override readonly name = "InitError";
  readonly exitCode: number = 1;
}

/**
 * Writes the files below `folder`, which is created when it is missing.
 * @throws InitError that lists the files which exist
 */
export async function initProject(folder: string): Promise<InitResult> {
  const targets = templates.map((template) => join(resolve(folder), template));
  const present = await Promise.all(targets.map(exists));
  const taken = targets.filter((_, index) => present[index]).map(displayPath);
  if (taken.length > 0) {
    const verb = taken.length === 1 ? "exists" : "exist";
    throw new InitError(`${taken.join(", ")} ${verb} already; move or delete before init`);
  }
  for (const [index, target] of targets.entries()) {
    await mkdir(dirname(target), { recursive: true });
    const source = fileURLToPath(
      new URL(`../../../templates/${templates[index]}`, import.meta.url),
    );
    await cp(source, target, { errorOnExist: true, force: false });
  }
  return { written: targets.map(displayPath), next: nextCommands(resolve(folder)) };
}

/** A dangling link counts: writing through it would create a file somewhere else. */
async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

function nextCommands(folder: string): readonly string[] {
  const config = displayPath(join(folder, "config/queue.yml"));
  const flag = config === "config/queue.yml" ? "" : ` -c ${config}`;
  return [`npx runtime start${flag}`, `npx runtime enqueue hello '{"name": "world"}'${flag}`];
}
