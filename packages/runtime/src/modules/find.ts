// From what `jobs:` says to the modules on disk: a file, a folder with all below it, or a glob.

import { globSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { quote } from "../config/quote.ts";

export interface FoundModules {
  /** Absolute, sorted; a file that two links lead to is there once. */
  readonly paths: readonly string[];
  /** One sentence, when nothing can be loaded. */
  readonly problem: string | null;
}

const moduleFile = /\.[cm]?[jt]s$/;
const otherFile = /(?:\.d\.[cm]?ts|\.test\.[cm]?[jt]s)$/;

/** @param pattern relative to `folder` */
export function findModules(pattern: string, folder: string): FoundModules {
  if (/^[a-z][a-z0-9+.-]+:/i.test(pattern)) {
    return refuse(`${quote(pattern)} is a URL; write a file, a folder or a glob`);
  }
  const path = resolve(folder, pattern);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return exactFile(path, pattern);
  if (found?.isDirectory()) {
    const paths = unique(walk(path, new Set()));
    if (paths.length > 0) return { paths, problem: null };
    return refuse(
      `${quote(pattern)} has no modules in it; put a .ts, .mts, .js or .mjs file there`,
    );
  }
  if (!/[*?[{]/.test(pattern)) {
    return refuse(`${quote(pattern)} does not exist; write a file, a folder or a glob`);
  }
  const paths = unique(glob(pattern, folder));
  if (paths.length > 0) return { paths, problem: null };
  return refuse(`${quote(pattern)} matches no module; write a file, a folder or a glob`);
}

function exactFile(path: string, pattern: string): FoundModules {
  if (moduleFile.test(path) && !/\.d\.[cm]?ts$/.test(path)) return { paths: [path], problem: null };
  return refuse(`${quote(pattern)} is not a module; name a .ts, .mts, .js or .mjs file`);
}

/** As in a folder, what is hidden or installed is left out, unless the pattern asks for it. */
function glob(pattern: string, folder: string): readonly string[] {
  const asked = pattern.split("/").filter(isLeftOut);
  return globSync(pattern, { cwd: folder })
    .filter((match) => match.split("/").every((name) => !isLeftOut(name) || asked.includes(name)))
    .map((match) => resolve(folder, match));
}

function isLeftOut(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

/**
 * Hidden folders are left out: a mounted Kubernetes ConfigMap holds every file a second time in
 * one. Links are followed, each folder once, so that a link to a parent ends.
 */
function* walk(folder: string, visited: Set<string>): Generator<string> {
  const real = realpathSync(folder);
  if (visited.has(real)) return;
  visited.add(real);
  for (const name of readdirSync(folder).sort()) {
    if (isLeftOut(name)) continue;
    const path = join(folder, name);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) yield* walk(path, visited);
    else yield path;
  }
}

function unique(candidates: Iterable<string>): readonly string[] {
  const byRealPath = new Map<string, string>();
  for (const path of [...candidates].sort()) {
    if (!moduleFile.test(path) || otherFile.test(path)) continue;
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    const real = realpathSync(path);
    if (!byRealPath.has(real)) byRealPath.set(real, path);
  }
  return [...byRealPath.values()];
}

function refuse(problem: string): FoundModules {
  return { paths: [], problem };
}
