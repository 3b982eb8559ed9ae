// A queue.yml in a folder of its own, for the tests of the configuration.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type LoadOptions, loadConfig } from "../../../packages/runtime/src/config/load.ts";
import { ConfigError } from "../../../packages/runtime/src/config/problems.ts";
import type { Config } from "../../../packages/runtime/src/config.ts";

/** Gone when the test ends. */
export function temporaryFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "queue-runtime-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

/** What a queue.yml with this content means. The environment is empty unless given. */
export async function load(content: string | Uint8Array, options?: LoadOptions): Promise<Config> {
  const folder = temporaryFolder({ "queue.yml": content });
  return await loadConfig(join(folder, "queue.yml"), { env: {}, ...options });
}

/** The lines a person would read, without the folder. */
export async function complaints(
  content: string | Uint8Array,
  options?: LoadOptions,
): Promise<readonly string[]> {
  const folder = temporaryFolder({ "queue.yml": content });
  return await complaintsAbout(join(folder, "queue.yml"), { env: {}, ...options });
}

export async function complaintsAbout(
  file: string,
  options: LoadOptions = { env: {} },
): Promise<readonly string[]> {
  try {
    await loadConfig(file, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (error.exitCode !== 78) throw new Error(`exit code ${error.exitCode}`);
    return error.message.replaceAll(`${dirname(file)}/`, "").split("\n");
  }
  return [];
}
