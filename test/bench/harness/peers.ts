// Installs what we compare with, the first time somebody runs the benchmarks.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * No install scripts: better-sqlite3 brings its binaries, and building them takes a minute. Not
 * `ci`, which gives up where a mirror of the registry lacks a package for some other platform.
 */
const install = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];

/** Answers why not, or null. */
export function installPeers(folder: string): string | null {
  if (existsSync(join(folder, "node_modules/pg-boss"))) return null;
  process.stderr.write("installing the peers of the benchmarks, once\n");
  try {
    execFileSync("npm", install, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    return null;
  } catch (error) {
    return `the peers were not installed (${(error as Error).message})`;
  }
}
