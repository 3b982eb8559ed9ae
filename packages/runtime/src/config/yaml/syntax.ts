// What the YAML parser complains about, in sentences that say what to do.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of queue.yml

import type { Document, LineCounter } from "yaml";
import type { Problems } from "../problems.ts";

/** One problem per line: what follows the first is the parser finding its feet again. */
export function noteSyntax(
  document: Document.Parsed,
  lines: LineCounter,
  problems: Problems,
): void {
  const seen = new Set<number>();
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(pos[0]);
    if (seen.has(line)) continue;
    seen.add(line);
    problems.add({ line, column: col, path: "" }, sentences[code] ?? fallback(message));
  }
  if (document.directives?.yaml.explicit) {
    const place = { line: 1, column: 1, path: "" };
    problems.add(place, "a %YAML line changes what values mean; delete it");
  }
}

const sentences: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "the indentation has a tab; write spaces",
  MULTIPLE_DOCS: "a second document begins here; write one, without ---",
  TAG_RESOLVE_FAILED: "tags such as !name are not allowed; write a plain value",
  RESOURCE_EXHAUSTION: "the nesting is too deep; make it flatter",
  BAD_ALIAS: 'a value that begins with * needs quotes, as in "*"',
  BLOCK_AS_IMPLICIT_KEY:
    "this does not fit the lines above; mend the indentation, or quote a value that holds `: `",
};

function fallback(message: string): string {
  const hint = "mend it, or quote values that hold ${…} or other signs";
  // What the parser repeats of the file stands after a colon, and may be part of a password.
  return `this is not YAML (${message.replace(/: .*$/s, "").replace(/\.$/, "")}); ${hint}`;
}
