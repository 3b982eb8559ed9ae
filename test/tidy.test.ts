// The house style as a test (ARCHITECTURE.md says why): layers, cycles, sizes and banned words.

import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { functionsOf } from "./tidy/functions.ts";
import { cyclesAmong, packageOf, readSources, type Source } from "./tidy/sources.ts";

const sources = readSources();
const packages = sources.filter(({ path }) => packageOf(path) !== null);

/** Which packages each may import; by name only. */
const layers: Readonly<Record<string, readonly string[]>> = {
  store: [],
  job: ["@queue-runtime/store"],
  runtime: [
    "@queue-runtime/store",
    "@queue-runtime/store/clock",
    "@queue-runtime/store/job",
    "@queue-runtime/job",
    "@queue-runtime/job/testing",
    "@queue-runtime/job/text",
  ],
};

const limits = { fileLines: 300, functionLines: 50, columns: 100, filesInFolder: 12, median: 120 };

interface BannedWord {
  readonly word: RegExp;
  readonly instead: string;
  /** Where it belongs. */
  readonly except?: RegExp;
  /** Only in packages; tests may. */
  readonly packagesOnly?: boolean;
}

const bannedWords: readonly BannedWord[] = [
  { word: /\b(?:TODO|FIXME|XXX)\b/, instead: "an issue", except: /^test\/tidy/ },
  { word: /not implemented/i, instead: "an implementation", except: /^test\/tidy/ },
  {
    word: /\bconsole\.\w+\(/,
    instead: "the log, or the terminal of the command line",
    packagesOnly: true,
    except: /^packages\/runtime\/templates\//,
  },
  {
    word: /\bDate\.now\(/,
    instead: "the clock of the store, or monotonic()",
    packagesOnly: true,
    except: /^packages\/store\/src\/clock\.ts$/,
  },
  {
    word: /from "tinypool"/,
    instead: "worker/threads.ts, its only user",
    except: /^packages\/runtime\/src\/worker\/threads\.ts$|^test\/(?:tidy|bench)/,
  },
  {
    word: /from "node:sqlite"/,
    instead: "the driver of the store",
    packagesOnly: true,
    except:
      /^packages\/store\/src\/sqlite\/|^packages\/runtime\/src\/(?:control\/lock|cli\/)|^test\//,
  },
  { word: /\b(?:it|test|describe)\.(?:only|skip|todo)\(/, instead: "a test that runs" },
  { word: /\benum\s+[A-Z]/, instead: "a union of literals", packagesOnly: true },
  { word: /export default/, instead: "a named export", packagesOnly: true },
  {
    word: /\b(?:canceled|initialise|behavior)\b/,
    instead: "British spelling, as everywhere",
    except: /^test\/tidy/,
  },
];

describe("the house", () => {
  it("has layers that import only downward, and each other only by name", () => {
    const wrong = packages.flatMap((source) =>
      source.imports.filter((each) => !isAllowed(source, each)).map(at(source)),
    );
    expect(wrong).toEqual([]);
  });

  it("lets a folder import its file of the same name for types only", () => {
    const wrong = packages.flatMap((source) =>
      source.imports
        .filter(({ target, typeOnly }) => target === `${dirname(source.path)}.ts` && !typeOnly)
        .map(at(source)),
    );
    expect(wrong).toEqual([]);
  });

  it("has no import cycles", () => {
    expect(cyclesAmong(packages)).toEqual([]);
  });

  it("imports nothing from entry/: those files are started", () => {
    const wrong = packages.flatMap((source) =>
      source.imports
        .filter(({ target, typeOnly }) => !typeOnly && target?.includes("/entry/"))
        .map(at(source)),
    );
    expect(wrong).toEqual([]);
  });

  it("has one index.ts per package and no other barrel", () => {
    const barrels = packages.filter(
      ({ path, text }) =>
        /\/index\.ts$/.test(path) && !/^packages\/\w+\/src\/index\.ts$/.test(path) && text,
    );
    expect(barrels.map(({ path }) => path)).toEqual([]);
  });

  it("keeps files short", () => {
    const long = sources.filter(({ lines }) => lines.length > limits.fileLines);
    expect(long.map(({ path, lines }) => `${path}: ${lines.length} lines`)).toEqual([]);
    const sizes = packages.map(({ lines }) => lines.length).sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(limits.median);
  });

  it("keeps functions short", () => {
    const long = packages.flatMap((source) =>
      [...functionsOf(source.lines)]
        .filter(({ lines }) => lines > limits.functionLines)
        .map(({ name, line, lines }) => `${source.path}:${line}: ${name} has ${lines} lines`),
    );
    expect(long).toEqual([]);
  });

  it("keeps lines short", () => {
    const long = packages.flatMap((source) =>
      source.lines.flatMap((line, index) =>
        line.length > limits.columns && !/https?:|`/.test(line)
          ? [`${source.path}:${index + 1}: ${line.length} columns`]
          : [],
      ),
    );
    expect(long).toEqual([]);
  });

  it("keeps folders small", () => {
    const counts = new Map<string, number>();
    for (const { path } of packages) {
      counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    }
    const crowded = [...counts].filter(([, count]) => count > limits.filesInFolder);
    expect(crowded.map(([folder, count]) => `${folder}: ${count} files`)).toEqual([]);
  });

  it("opens every file by saying what it is", () => {
    const silent = packages.filter(({ lines }) => !lines[0]?.startsWith("// "));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it.each(bannedWords)("does without $word: use $instead", (banned) => {
    const found = sources
      .filter(
        ({ path }) => !banned.except?.test(path) && !(banned.packagesOnly && !packageOf(path)),
      )
      .flatMap(({ path, lines }) =>
        lines.flatMap((line, index) => (banned.word.test(line) ? [`${path}:${index + 1}`] : [])),
      );
    expect(found).toEqual([]);
  });
});

/** A check that cannot fail is no check: each rule is shown something it must refuse. */
describe("the tidy test itself", () => {
  it("sees a cycle", () => {
    const source = (path: string, target: string): Source => ({
      path,
      text: "",
      lines: [],
      imports: [{ specifier: "./x.ts", target, typeOnly: false, lazy: false }],
    });
    expect(cyclesAmong([source("a.ts", "b.ts"), source("b.ts", "a.ts")])).toEqual([
      ["a.ts", "b.ts"],
    ]);
  });

  it("sees a long function", () => {
    const body = Array.from({ length: 60 }, () => "  work();");
    const [found] = functionsOf(["export function long(): void {", ...body, "}"]);
    expect(found).toEqual({ name: "long", line: 1, lines: 62 });
  });

  it("sees an upward import", () => {
    const store = packages.find(({ path }) => path.startsWith("packages/store/"))!;
    const upward = { specifier: "queue-runtime", target: null, typeOnly: false, lazy: false };
    expect(isAllowed(store, upward)).toBe(false);
    expect(packages.length).toBeGreaterThan(60);
  });
});

function isAllowed(source: Source, { specifier, target }: Source["imports"][number]): boolean {
  const own = packageOf(source.path)!;
  if (target !== null) return packageOf(target) === own;
  if (!/^(?:@queue-runtime\/|queue-runtime)/.test(specifier)) return true;
  return layers[own]!.includes(specifier);
}

function at(source: Source): (each: Source["imports"][number]) => string {
  return ({ specifier }) => `${source.path} imports ${specifier}`;
}
