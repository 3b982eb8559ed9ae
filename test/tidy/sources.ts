// The source tree as the tidy test sees it: every file of ours, its lines and what it imports.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export interface Source {
  /** Relative to the top of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  /** The file of ours that it leads to, or null. */
  readonly target: string | null;
  /** Erased when it is compiled. */
  readonly typeOnly: boolean;
  /** `import()` inside a function: it loads when it is called, so it closes no loop. */
  readonly lazy: boolean;
}

const root = join(import.meta.dirname, "../..");

/** What git knows or would add, so that nothing escapes by not being committed yet. */
export function readSources(): Source[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root });
  return listed
    .toString()
    .split("\n")
    .filter((path) => /\.([cm]?[jt]s|tsx|css|sh)$/.test(path) && existsSync(join(root, path)))
    .map(readSource);
}

function readSource(path: string): Source {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, lines: text.split("\n"), imports: [...importsOf(path, text)] };
}

const statement =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/gm;

function* importsOf(path: string, text: string): Generator<Import> {
  for (const [, type, from, dynamic] of text.matchAll(statement)) {
    const specifier = (from ?? dynamic)!;
    const target = specifier.startsWith(".")
      ? normalize(join(dirname(path), specifier)).replaceAll("\\", "/")
      : null;
    yield { specifier, target, typeOnly: type !== undefined, lazy: dynamic !== undefined };
  }
}

/** The package a file belongs to, such as `store`; null outside packages. */
export function packageOf(path: string): string | null {
  return /^packages\/([^/]+)\/src\//.exec(path)?.[1] ?? null;
}

/** Loops in the graph of what really loads what, each as the list of its files. */
export function cyclesAmong(sources: readonly Source[]): string[][] {
  const edges = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports
        .filter(({ typeOnly, lazy }) => !typeOnly && !lazy)
        .flatMap(({ target }) => target ?? []),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push(trail.slice(trail.indexOf(path)));
    if (done.has(path) || trail.includes(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return cycles;
}
