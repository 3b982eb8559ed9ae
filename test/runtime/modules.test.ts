// Finding and loading the code of users.

import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findModules } from "../../packages/runtime/src/modules/find.ts";
import { temporaryFolder } from "./support/config-file.ts";
import { loadModules, project } from "./support/load-modules.ts";

const define = 'import { defineJob } from "@queue-runtime/job";\n';
const job = (name: string) =>
  `${define}export const one = defineJob({ name: "${name}", perform() {} });\n`;

describe("what is loaded", () => {
  test("every job that a module exports, in the order of the names of the exports", () => {
    const folder = project({
      "a.ts": `${define}const b: string = "b";
        export default defineJob({ name: "a", perform() {} });
        const two = defineJob({ name: b, perform() {} });
        export { two, two as again };
        export const other = 5, nothing = null;`,
    });
    expect(loadModules(folder, ["a.ts"])).toEqual({ names: ["b", "a"] });
  });

  test("jobs may be named like the properties of every object", () => {
    const folder = project({ "a.mjs": job("toString"), "b.mjs": job("__proto__") });
    expect(loadModules(folder, ["a.mjs", "b.mjs"])).toEqual({ names: ["toString", "__proto__"] });
  });

  test("a module that passes on the jobs of another is no duplicate", () => {
    const folder = project({ "a.ts": job("a"), "index.ts": 'export * from "./a.ts";' });
    expect(loadModules(folder, ["a.ts", "index.ts"])).toEqual({ names: ["a"] });
  });

  test("CommonJS works, and .mts in a CommonJS project", () => {
    const folder = project({
      "package.json": '{ "type": "commonjs" }',
      "a.js": job("a")
        .replace(define, 'const { defineJob } = require("@queue-runtime/job");\n')
        .replace("export const one", "exports.one"),
      "b.mts": job("b"),
    });
    expect(loadModules(folder, ["a.js", "b.mts"])).toEqual({ names: ["a", "b"] });
  });

  test("every job of a CommonJS module, however it is put into module.exports", () => {
    const require = 'const { defineJob } = require("@queue-runtime/job");';
    const each = (name: string) => `defineJob({ name: "${name}", perform() {} })`;
    const folder = project({
      "a.cjs": `${require} module.exports = { a: ${each("a")}, b: ${each("b")} };`,
      "b.cjs": `${require} for (const name of ["c", "d"]) exports[name] = ${each("x")};`.replace(
        '"x"',
        "name",
      ),
    });
    expect(loadModules(folder, ["a.cjs", "b.cjs"])).toEqual({ names: ["a", "b", "c", "d"] });
  });

  test("on a thread as in a process", () => {
    const folder = project({ "a.ts": job("a"), "b.ts": `enum Colour { Red }\n${job("b")}` });
    const loaded = loadModules(folder, ["a.ts", "b.ts"], { onThread: true });
    expect(loaded).toEqual({ names: ["a", "b"] });
  });
});

const beyondStripping = {
  "enum.ts": `enum Colour { Red }\n${job("enum")}`,
  "imports-enum.ts": `import { Colour } from "./colour.ts";\nColour;\n${job("imports-enum")}`,
  "colour.ts": "\nexport enum Colour { Red }",
  "property.ts": `class A { constructor(private a: number) {} }\n${job("property")}`,
  "ending.ts": `import { db } from "./db.js";\ndb;\n${job("ending")}`,
  "no-ending.ts": `import { db } from "./db";\ndb;\n${job("no-ending")}`,
  "type.ts": `import { Db } from "./db.ts";\nexport type { Db };\n${job("type")}`,
  "db.ts": "export interface Db {}\nexport const db = 1;",
  "old/package.json": '{ "type": "commonjs" }',
  "old/syntax.ts": job("syntax"),
  "node_modules/jobs/a.ts": job("installed"),
};
const beyond = Object.keys(beyondStripping).filter((name) => !/db|colour|json/.test(name));

describe("TypeScript beyond type stripping", () => {
  test("loads through jiti where it is installed", () => {
    const { names, problems } = loadModules(project(beyondStripping), beyond);
    expect(problems).toBeUndefined();
    expect(names).toEqual([
      "enum",
      "imports-enum",
      "property",
      "ending",
      "no-ending",
      "type",
      "syntax",
      "installed",
    ]);
  });

  test("is otherwise refused with the file, the line and what to do", () => {
    const folder = project(beyondStripping);
    const ending = "write the import with the ending of the file, such as ./db.ts, or install jiti";
    expect(loadModules(folder, beyond, { withoutJiti: true })).toEqual({
      exitCode: 78,
      problems: [
        "enum.ts:1: TypeScript enum is not supported in strip-only mode; " +
          "write it without, or install jiti",
        "colour.ts:2: TypeScript enum is not supported in strip-only mode; " +
          "write it without, or install jiti (imported by imports-enum.ts)",
        "property.ts:1: TypeScript parameter property is not supported in strip-only mode; " +
          "write it without, or install jiti",
        `ending.ts: Cannot find module '${folder}/db.js'; ${ending}`,
        `no-ending.ts: Cannot find module '${folder}/db'; ${ending}`,
        "type.ts:1: The requested module './db.ts' does not provide an export named 'Db'; " +
          "mend the name, or write `import type` for a type",
        "old/syntax.ts:1: its package.json makes it CommonJS; " +
          'rename it to .mts, or write "type": "module"',
        "node_modules/jobs/a.ts: Node.js loads no TypeScript below node_modules; " +
          "compile it, or install jiti",
      ],
    });
  });
});

test.each<[title: string, files: Record<string, string>, line: string]>([
  [
    "has no job",
    { "a.ts": "export const a = 1;" },
    "a.ts: has no job; export one made by defineJob or defineIteration, or move the file",
  ],
  [
    "throws",
    { "a.ts": '\n\nthrow new Error("no database");' },
    "a.ts:3: it throws while it loads: no database",
  ],
  [
    "throws in what it imports",
    { "a.js": 'import "./b.js";', "b.js": '\nthrow new Error("b");' },
    "b.js:2: it throws while it loads: b (imported by a.js)",
  ],
  [
    "throws nothing",
    { "a.js": "throw undefined;" },
    "a.js: it throws while it loads: a value that is no Error (undefined)",
  ],
  [
    "cannot read its data",
    { "a.ts": '\nJSON.parse("{");' },
    "a.ts:2: it throws while it loads: Expected property name or '}' in JSON at position 1 (line 1 column 2)",
  ],
  [
    "is a mistake in JavaScript",
    { "a.js": "\n\nconst a = ;" },
    "a.js:3: it is not valid JavaScript: Unexpected token ';'",
  ],
  [
    "imports a mistake",
    { "a.js": 'import "./b.js";', "b.js": "const a = ;" },
    "a.js: it, or a module it imports, is not valid JavaScript: Unexpected token ';'",
  ],
  [
    "imports a name that is not there",
    { "a.js": 'import { b } from "./b.js";', "b.js": "" },
    "a.js:1: The requested module './b.js' does not provide an export named 'b'; mend the name",
  ],
  [
    "imports a package that is not there",
    { "a.js": 'import "nope";' },
    "a.js: Cannot find package 'nope'; install it, or mend the import",
  ],
  [
    "never finishes loading",
    { "a.js": "await new Promise(() => {});" },
    "a.js: does not finish loading within 2000 ms; look at its top-level await",
  ],
  [
    "defines a name twice",
    { "a.js": `${job("x")}export const two = defineJob({ name: "x", perform() {} });` },
    'a.js: the job "x" is also defined above in the same file; rename one',
  ],
  [
    "defines a job wrongly",
    { "a.js": '\n\nimport { defineJob } from "@queue-runtime/job";\ndefineJob({ name: "" });' },
    "a.js:4: it throws while it loads: a job name may not be empty",
  ],
])("a module that %s is refused", (_title, files, line) => {
  const folder = project(files);
  const name = Object.keys(files)[0]!;
  expect(loadModules(folder, [name])).toEqual({ exitCode: 78, problems: [line] });
});

test.each([
  [
    "ends the process",
    "process.exit(0);",
    "it ends the process while it loads; take its process.exit out",
  ],
  [
    "leaves a rejection to nobody",
    'Promise.reject(new Error("later")); await new Promise(setImmediate);',
    "an error that nobody catches, shown below, ends the process while it loads; catch it",
  ],
])("a module that %s does not look like one that loads", (_title, text, sentence) => {
  const folder = project({ "a.js": text });
  const modules = new URL("../../packages/runtime/src/modules.ts", import.meta.url).href;
  const source = `(await import("${modules}")).loadDefinitions(["${folder}/a.js"]);`;
  const flags = ["--conditions=source", "--no-warnings", "--input-type=module", "--eval", source];
  const { status, stderr } = spawnSync(process.execPath, flags, { cwd: folder, encoding: "utf8" });
  expect(stderr.split("\n")[0]).toBe(`a.js: ${sentence}`);
  expect(status).toBe(78);
});

test("a module that vanished since it was found is refused", () => {
  const { problems } = loadModules(project({}), ["a.ts"]);
  expect(problems).toEqual(["a.ts: does not exist any more"]);
});

test("TypeScript that no loader can read keeps Node's line", () => {
  const folder = project({ "a.ts": "\nexport const a: = 1;" });
  const { problems } = loadModules(folder, ["a.ts"]);
  expect(problems?.[0]).toMatch(/^a\.ts:2: it is not valid TypeScript: Unexpected token `=`/);
});

test("all problems are told at once, and two files with one job name both", () => {
  const folder = project({ "a.ts": job("x"), "b.ts": job("x"), "c.ts": "throw new Error('c');" });
  expect(loadModules(folder, ["a.ts", "b.ts", "c.ts"])).toEqual({
    exitCode: 78,
    problems: [
      'b.ts: the job "x" is also defined in a.ts; rename one',
      "c.ts:1: it throws while it loads: c",
    ],
  });
});

describe("what is found", () => {
  const find = (folder: string, pattern: string) =>
    findModules(pattern, folder).paths.map((path) => path.slice(folder.length + 1));

  test("in a folder: modules at any depth, no tests, declarations, hidden or installed files", () => {
    const names = ["b.ts", "a.mts", "c/d.js", "c/e.mjs", "f.cjs"];
    const others = ["a.d.ts", "a.test.ts", "x.json", "README.md", ".h.ts", ".h/x.ts"];
    const files = [...names, ...others, "node_modules/x/x.ts"].map((name) => [`jobs/${name}`, ""]);
    const folder = temporaryFolder(Object.fromEntries(files));
    const found = ["jobs/a.mts", "jobs/b.ts", "jobs/c/d.js", "jobs/c/e.mjs", "jobs/f.cjs"];
    expect(find(folder, "./jobs")).toEqual(found);
    expect(find(folder, "jobs/**/*.{ts,js}")).toEqual(["jobs/b.ts", "jobs/c/d.js"]);
    expect(find(folder, "jobs/b.ts")).toEqual(["jobs/b.ts"]);
  });

  test("a mounted ConfigMap, where every file is a link into a hidden folder, counts once", () => {
    const folder = temporaryFolder({ "jobs/..2026/a.mjs": "" });
    symlinkSync("..2026", join(folder, "jobs/..data"));
    symlinkSync("..data/a.mjs", join(folder, "jobs/a.mjs"));
    expect(find(folder, "jobs")).toEqual(["jobs/a.mjs"]);
  });

  test("a link to a folder above ends, and two links to one file are one module", () => {
    const folder = temporaryFolder({ "jobs/a.ts": "" });
    mkdirSync(join(folder, "jobs/deep"));
    symlinkSync("..", join(folder, "jobs/deep/up"));
    symlinkSync("a.ts", join(folder, "jobs/b.ts"));
    expect(find(folder, "jobs")).toEqual(["jobs/a.ts"]);
  });

  test("a folder with the signs of a glob in its name is that folder", () => {
    const folder = temporaryFolder({ "[jobs]/a.ts": "" });
    expect(find(folder, "[jobs]")).toEqual(["[jobs]/a.ts"]);
  });
});
