// TypeScript is stripped once per process. Node's own stripping loads a compiler of 12 MB into
// every thread that imports a .ts file, for 20 ms of work; so the main thread keeps what it
// stripped, and its threads are handed the plain JavaScript, with every line and column where it
// was.

import { registerHooks, stripTypeScriptTypes } from "node:module";

/** Module URL to JavaScript. */
export type Stripped = ReadonlyMap<string, string>;

/** Main thread: from now on keeps what is stripped. Call it before job code is loaded. */
export function keepStripped(): Stripped {
  const kept = new Map<string, string>();
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (loaded.format !== "module-typescript") return loaded;
      const source = strip(url, String(loaded.source));
      if (source === null) return loaded;
      kept.set(url, source);
      return { ...loaded, format: "module", source };
    },
  });
  return kept;
}

/** A thread: takes from `stripped` what is there, and leaves the rest to Node. */
export function reuseStripped(stripped: Stripped): void {
  registerHooks({
    load(url, context, nextLoad) {
      const source = stripped.get(url);
      if (source === undefined) return nextLoad(url, context);
      return { format: "module", source, shortCircuit: true };
    },
  });
}

/** null: Node shall try and say what is wrong, in its own words. */
function strip(url: string, source: string): string | null {
  try {
    return stripTypeScriptTypes(source, { mode: "strip", sourceUrl: url });
  } catch {
    return null;
  }
}
